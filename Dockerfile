# syntax=docker/dockerfile:1
# The image of the gateway: one binary with the OpenAPI document, Swagger UI and the migrations
# inside, on a slim base, run by nobody in particular on a root file system that is read only.

# ---- what the dependencies are built from: it changes with the manifests alone ----
FROM docker.io/library/rust:1.95-bookworm AS manifests
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
WORKDIR /src
COPY Cargo.toml Cargo.lock ./
COPY crates crates
RUN find crates -type f ! -name Cargo.toml -delete \
    && find crates -name Cargo.toml -execdir mkdir -p src \; \
    && find crates -name Cargo.toml -execdir touch src/lib.rs \; \
    && grep -rl --include=Cargo.toml '^\[\[bin\]\]' crates | while read -r crate; do \
         echo 'fn main() {}' > "$(dirname "$crate")/src/main.rs"; done

# ---- the dependencies: a layer that stays while only our own code changes ----
FROM docker.io/library/rust:1.95-bookworm AS dependencies
WORKDIR /src
ENV CARGO_PROFILE_RELEASE_STRIP=symbols
COPY --from=manifests /src ./
RUN cargo build --release --locked --package callweave-server \
    && rm -rf target/release/callweave* target/release/deps/*callweave* \
         target/release/.fingerprint/callweave-*

# ---- the tool that lists what the binary is made of ----
FROM docker.io/library/rust:1.95-bookworm AS bill
RUN cargo install cargo-cyclonedx --version 0.5.9 --locked --root /bill

# ---- the binary, and the list ----
FROM dependencies AS build
COPY --from=bill /bill/bin/cargo-cyclonedx /usr/local/bin/
COPY . .
RUN cargo build --release --locked --package callweave-server \
    && mkdir -p /image/usr/local/bin /image/usr/share/doc/callweave /image/data /image/secrets \
    && cp target/release/callweave /image/usr/local/bin/ \
    && /usr/local/bin/cargo-cyclonedx cyclonedx --quiet --manifest-path crates/server/Cargo.toml --format json --spec-version 1.5 \
         --no-build-deps --override-filename callweave.cdx \
    && cp LICENSE crates/server/callweave.cdx.json /image/usr/share/doc/callweave/ \
    && chmod 0755 /image/data /image/secrets

# ---- what is shipped ----
FROM docker.io/library/debian:bookworm-slim
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="callweave" \
      org.opencontainers.image.description="A self-hosted gateway for call analytics: many vendors, one model, one REST API" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.documentation="https://callweave.example/docs"
COPY --from=build /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs/ca-certificates.crt
COPY --from=build --chown=10001:10001 /image /
USER 10001:10001
ENV CALLWEAVE__SERVER__LISTEN=0.0.0.0:8080 \
    CALLWEAVE__DATA_DIR=/data
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 CMD ["/usr/local/bin/callweave", "health"]
ENTRYPOINT ["/usr/local/bin/callweave"]
CMD ["serve"]
