# Build:  docker build --build-arg VERSION=0.2.0 --tag zego-upload-exporter .
# Try:    docker run --rm -p 10317:10317 zego-upload-exporter --demo
# Run:    docker run -p 10317:10317 -e ZEGO_APP_ID -e ZEGO_SERVER_SECRET zego-upload-exporter
#         or with a file:  -v ./config.yaml:/etc/zego-upload-exporter/config.yaml:ro
# It runs with a read-only root, without capabilities and without a shell.

# Both stages use one image: the environment is copied and keeps using its interpreter.
ARG PYTHON_IMAGE=docker.io/library/python:3.13-slim-trixie

FROM ${PYTHON_IMAGE} AS build
WORKDIR /src
COPY . .
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PIP_ROOT_USER_ACTION=ignore
# pip itself stays here.
RUN python3 -m venv --without-pip /opt/zego-upload-exporter \
 && python3 -m pip --python /opt/zego-upload-exporter/bin/python install \
      --quiet --no-compile --constraint requirements.lock . \
 && mkdir /state
# A read-only root keeps nothing that a start compiles: that took 1 s of CPU and 1 MiB every time. The
# base image has no compiled standard library, and layers round the times of files, by which Python
# tells whether a compiled file is current. So everything is compiled here, to be used unchecked.
RUN stdlib=$(python3 -c 'import sysconfig; print(sysconfig.get_path("stdlib"))') \
 && PYTHONPYCACHEPREFIX=/opt/zego-upload-exporter/cache python3 -m compileall -q \
      --invalidation-mode unchecked-hash \
      -x "^$stdlib/(site-packages|dist-packages|ensurepip|idlelib|test|tkinter|turtledemo)/" \
      "$stdlib" /opt/zego-upload-exporter/lib

FROM ${PYTHON_IMAGE}
ARG VERSION=unknown
LABEL org.opencontainers.image.title="zego-upload-exporter" \
      org.opencontainers.image.description="Prometheus exporter for the upload tasks of ZEGO Cloud Player" \
      org.opencontainers.image.source="https://github.com/zego-upload-exporter/zego-upload-exporter" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}"
# The exporter sets the same when it serves. From the start of the process on, it saves 3 MiB more.
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPYCACHEPREFIX=/opt/zego-upload-exporter/cache \
    PATH=/opt/zego-upload-exporter/bin:$PATH \
    MALLOC_TRIM_THRESHOLD_=131072 \
    MALLOC_MMAP_THRESHOLD_=131072 \
    ZEGO_HISTORY_PATH=/var/lib/zego-upload-exporter/history.sqlite
COPY --from=build /opt/zego-upload-exporter /opt/zego-upload-exporter
COPY --from=build --chown=65532:65532 /state /var/lib/zego-upload-exporter
VOLUME /var/lib/zego-upload-exporter
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
# `config.yaml` is looked for here.
WORKDIR /etc/zego-upload-exporter
EXPOSE 10317
STOPSIGNAL SIGTERM
# For plain HTTP on the default port. With another --web.listen-address, or TLS or passwords in the
# web configuration, give the container its own check (docker run --health-cmd, or compose
# `healthcheck:`); the exporter works without one. http.client, because unlike urllib it never asks
# a proxy for the loopback address.
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s --retries=3 \
  CMD ["/opt/zego-upload-exporter/bin/python", "-c", "from http.client import HTTPConnection; c = HTTPConnection('127.0.0.1', 10317, timeout=4); c.request('GET', '/-/healthy'); raise SystemExit(c.getresponse().status != 200)"]
ENTRYPOINT ["/opt/zego-upload-exporter/bin/zego-upload-exporter"]
