# One way to do each thing. Without `just`, run the commands as they stand.

default:
    @just --list

# A demo on SQLite with made-up data: schema, catalogue, behaviour, a trained model, the server.
demo:
    cargo run --bin docent-server -- demo

# All tests; those on PostgreSQL say so where it is not installed.
test:
    cargo test --workspace

# Tests of what is not built by default; the libraries of sentence transformers double the build.
test-optional:
    cargo test -p docent-embedders --features sentence-transformers

# Formatting, lints, architecture and documentation.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    .ci/architecture --self-test
    RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps

# Makes docs/metrics.md anew from the table of metrics.
metrics-doc:
    cargo run -q -p docent-telemetry --example reference > docs/metrics.md

# The rules and alerts of monitoring/, by the programs of Prometheus.
check-monitoring:
    .ci/monitoring

# What must hold before a change lands.
ci:
    .ci/run
