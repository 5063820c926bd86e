# The gateway as an image: a user without rights, a root that may be read-only, no shell.
FROM node:24-bookworm-slim AS build
WORKDIR /src
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY build.ts tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npm run build -- --without-types && npm prune --omit=dev --ignore-scripts && mkdir /data

FROM gcr.io/distroless/nodejs24-debian12:nonroot
COPY --from=build /src/package.json /app/package.json
COPY --from=build /src/node_modules /app/node_modules
COPY --from=build /src/dist /app/dist
# Where the embedded OSS keeps its data, if it runs; in front of OSS nothing is written.
COPY --from=build --chown=65532:65532 /data /data
WORKDIR /data
USER 65532:65532
# The last says where it runs, also below an init process (docker run --init): timeouts.drain is 5 s there.
ENV NODE_ENV=production HOST=0.0.0.0 ADMIN_HOST=0.0.0.0 container=oci
EXPOSE 9000 9001
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s \
  CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:' + (process.env.ADMIN_PORT ?? 9001) + '/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/nodejs/bin/node", "/app/dist/cli.js"]
CMD ["serve"]
