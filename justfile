# One way to do each thing. Without `just`, run the commands as they stand.

default:
    @just --list

# Serve a synthetic library on SQLite: schema, catalogue, behaviour, a trained model, the server.
demo *ARGS:
    cargo run --locked --bin docent-server -- demo {{ ARGS }}

# Serve the store in docent-data, or the one that ARGS name.
serve *ARGS:
    cargo run --locked --bin docent-server -- serve {{ ARGS }}

# Train on the store in docent-data, or on the one that ARGS name.
train *ARGS:
    cargo run --locked --bin docent-trainer -- train {{ ARGS }}

# Format all code.
fmt:
    cargo fmt --all

# Check formatting, lints, architecture, language, links, features and documentation.
check:
    cargo fmt --all --check
    cargo clippy --locked --workspace --all-targets -- -D warnings
    .ci/architecture --self-test
    .ci/language --self-test
    .ci/links --self-test
    .ci/features --self-test
    RUSTDOCFLAGS='-D warnings' cargo doc --locked --workspace --no-deps

# Run all tests, or those that ARGS select.
test *ARGS:
    cargo test --locked --workspace {{ ARGS }}

# Compare a server that is killed and restarted with a model in memory: random operations, 200,000 on each database.
soak OPERATIONS='200000' SEED='1':
    cargo build --locked --workspace --bins
    DOCENT_TEST_OPERATIONS={{ OPERATIONS }} DOCENT_TEST_SEED={{ SEED }} cargo test --locked --workspace --test model_based

# Kill a server, the database, the trainer and a replica while clients write, KILLS times each, and print a table.
kills KILLS='100':
    cargo build --locked --workspace --bins
    DOCENT_TEST_KILLS={{ KILLS }} cargo test --locked --workspace --test kills -- --nocapture

# Upgrade from another commit while its server serves: by default from the last one before migration 16.
upgrade-test COMMIT='b2b2a88^':
    .ci/upgrade {{ COMMIT }}

# Fail every write, sync and rename, up to the 200th, of a publication, a backup and a migration.
faults:
    cargo build --locked --workspace --bins
    DOCENT_TEST_FAULTS_STEP=1 cargo test --locked --workspace --test failing_calls

# Fuzz a target of fuzz/ (needs nightly and cargo-fuzz): manifest, tensors, filter, cursor, import, protocols or bodies.
fuzz TARGET SECONDS='600':
    mkdir -p fuzz/found/{{ TARGET }}
    cargo +nightly fuzz run --features "$([ {{ TARGET }} = bodies ] && echo bodies)" {{ TARGET }} fuzz/found/{{ TARGET }} fuzz/corpus/{{ TARGET }} -- -max_total_time={{ SECONDS }} -max_len=65536 -timeout=20 -rss_limit_mb=2048

# Run the tests of optional features; the libraries of sentence transformers double the build.
test-optional:
    cargo test --locked -p docent-embedders --features sentence-transformers

# Review changed snapshots (needs `cargo install cargo-insta`).
review:
    cargo insta review

# Measure kernels and models; docs/benchmarks.md has the figures.
bench:
    cargo run --locked -p docent-als --example fold_in_speed
    cargo run --locked -p docent-graph --example ppr_speed
    cargo run --locked -p docent-ranker --example filter_speed
    cargo run --locked -p docent-embeddings --example index_speed
    cargo run --locked -p docent-ncf --features train --example score_speed
    cargo run --locked -p docent-ncf --features train --example throughput

# Measure the processor time of answers of an embedded engine; docs/performance.md explains it.
bench-answer *ARGS:
    cargo run --locked --example answer_cost -- {{ ARGS }}

# Count the instructions of three pure parts of an answer, and compare them with the baseline; --write replaces it.
instructions *ARGS:
    .ci/instructions {{ ARGS }}

# Measure how training grows with the data; docs/performance.md explains it.
bench-growth *ARGS:
    cargo run --locked --example growth -- {{ ARGS }}

# Measure a server under load: everything at once, or one of `data` and `load`; docs/performance.md explains it.
bench-serving *ARGS='run':
    cargo build --locked --release --bin docent-server
    cargo run --locked --release --example serving -- {{ ARGS }}

# Measure how soon writes through one engine count in the answers of another; docs/reliability.md has the figures.
replicas *ARGS:
    cargo run --locked --example replicas -- {{ ARGS }}

# Restart two servers behind HAProxy in turns, under load, and expect that no request fails (needs haproxy and PostgreSQL).
rolling-restart:
    cargo build --locked --workspace --bins
    cargo test --locked --workspace --test scale -- rolling --nocapture

# Test models in an object store, on the S3 interface of moto_server (pip install 'moto[server]'); brings an HTTP client.
object-store:
    cargo test --locked -p docent-object-store --features client
    cargo build --locked --workspace --bins --features docent-server/object-store,docent-trainer/object-store
    DOCENT_TEST_OBJECT_STORE=1 cargo test --locked --workspace --features docent-server/object-store,docent-trainer/object-store --test scale -- object_store

# Test docent-ingest on a real broker, which is fetched from Maven Central (needs Java and Maven): KILLS on all sides.
kafka KILLS='2':
    .ci/kafka target/kafka
    DOCENT_TEST_KAFKA="$PWD/target/kafka" DOCENT_TEST_KILLS={{ KILLS }} cargo test --locked -p docent-ingest --test kafka -- --nocapture

# Measure docent-ingest into PostgreSQL, and pgbench beside it; docs/performance.md has the figures.
bench-kafka *ARGS:
    .ci/kafka target/kafka
    cargo build --locked --release -p docent-ingest --bins --examples
    DOCENT_TEST_KAFKA="$PWD/target/kafka" cargo run --locked --release -p docent-ingest --example kafka_throughput -- {{ ARGS }}

# Test the Spark job (needs Java 17; the first run downloads PySpark, 456 MB, into target/spark).
spark:
    .ci/spark
    PATH="$PWD/target/spark/bin:$PATH" cargo test --locked -p docent-trainer --test external -- spark

# Generate docs/metrics.md from the table of metrics.
metrics-doc:
    cargo run --locked -q -p docent-telemetry --example metrics_reference > docs/metrics.md

# Generate docs/reference/configuration.md from the types of the settings.
config-doc:
    cargo run --locked -q -p docent-config --example configuration_reference > docs/reference/configuration.md

# Generate docs/reference/command-line.md from the arguments of all programs.
command-line-doc:
    UPDATE_DOCS=1 cargo test --locked -q -p docent-server --bin docent-server the_reference_of_the_command_line
    UPDATE_DOCS=1 cargo test --locked -q -p docent-trainer --bin docent-trainer the_reference_of_the_command_line
    UPDATE_DOCS=1 cargo test --locked -q -p docent-ingest --bin docent-ingest the_reference_of_the_command_line

# Check licences, versions, sources and advisories of dependencies (installs cargo-deny if missing).
check-dependencies:
    .ci/dependencies

# Write the bill of materials of all programs (installs cargo-cyclonedx if missing).
sbom FOLDER='target/sbom':
    .ci/sbom {{ FOLDER }}

# Check the rules and alerts of monitoring/ with the programs of Prometheus.
check-monitoring:
    .ci/monitoring

# Check compose.yaml, deploy/kubernetes and the configurations of load balancers.
check-deploy:
    .ci/deploy

# Run everything that must hold before a change lands.
ci:
    .ci/run
