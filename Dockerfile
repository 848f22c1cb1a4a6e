# docker build --tag ringspec . && docker run --rm ringspec run
FROM python:3.13-slim AS build
WORKDIR /source
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY spec spec
COPY strategies strategies
COPY reference reference
COPY harness harness
COPY reports reports
COPY app app
# Without a pip of its own: what runs need not install.
RUN python -m venv --without-pip /opt/ringspec \
    && pip --python /opt/ringspec/bin/python install --no-cache-dir -c constraints.txt .

FROM python:3.13-slim
COPY --from=build /opt/ringspec /opt/ringspec
ENV PATH=/opt/ringspec/bin:$PATH
# Reports go to the folder that is mounted here; --user says as whom.
WORKDIR /reports
USER 10001:10001
ENTRYPOINT ["ringspec"]
CMD ["--help"]
