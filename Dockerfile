# syntax=docker/dockerfile:1
# Builds the server, the trainer and the reader of streams from this tree:
#   docker build -t docent .
#   docker run -p 127.0.0.1:8080:8080 -v docent-data:/var/lib/docent docent

FROM rust:1.95-slim-trixie AS build
# Optional parts of the programs: models in an object store.
ARG FEATURES=docent-server/object-store,docent-trainer/object-store
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --release --locked --workspace --bin docent-server --bin docent-trainer --bin docent-ingest --features "$FEATURES" \
    && install -D --target-directory=/out target/release/docent-server target/release/docent-trainer target/release/docent-ingest

FROM debian:trixie-slim
# postgresql-client: `docent-server db` backs up and restores PostgreSQL by pg_dump and pg_restore.
# curl: the health check. ca-certificates: object stores.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl postgresql-client \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /var/lib/docent docent
COPY --from=build /out/ /usr/local/bin/
USER 10001
# The root of the file system may be read-only (`docker run --read-only --tmpfs /tmp`): only the volume is written to.
# The default paths of the database and the snapshots are relative to this folder.
WORKDIR /var/lib/docent
VOLUME /var/lib/docent
# A container is reachable through its network only, so loopback would be useless. Every request
# therefore needs an API key: `docent-server key create`.
ENV DOCENT_BIND=0.0.0.0:8080
EXPOSE 8080
# Liveness, not readiness: a server that waits for its schema must not be restarted.
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s \
    CMD ["curl", "--fail", "--silent", "--output", "/dev/null", "http://127.0.0.1:8080/livez"]
ENTRYPOINT ["docent-server"]
CMD ["serve"]
