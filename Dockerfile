# The gateway as an image: a slim Node, the compiled gateway and the packages that it needs at run time.
# It runs as user 1000 and writes nothing, but for a SQLite store in /data where STORE_URL names one.

# The same Node that the tests run on.
FROM node:24.21.0-slim AS base
WORKDIR /app

# No package's install script runs. Only `node` has one, a dev dependency, and it would install the Node
# that the image already has.
FROM base AS dependencies
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --omit=dev --ignore-scripts

FROM base AS build
COPY package.json package-lock.json .npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY . .
RUN npm run build

FROM base
LABEL org.opencontainers.image.title="callbell-graphql" \
      org.opencontainers.image.description="A GraphQL gateway that makes Callbell's contacts API safe to call" \
      org.opencontainers.image.version="0.2.0" \
      org.opencontainers.image.licenses="MIT"
# On every address of the container: the engine decides where it is published. With CALLBELL_API_TOKEN it
# starts only where GATEWAY_AUTH requires credentials.
ENV NODE_ENV=production \
    HOST=0.0.0.0
# For STORE_URL=sqlite:/data/gateway.db: a new volume that is mounted here gets this owner.
RUN install --directory --owner=1000 --group=1000 --mode=0700 /data
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/package.json ./
COPY --from=build /app/schema schema
COPY --from=build /app/dist dist
# By number: Kubernetes cannot verify by a name that it is not root.
USER 1000:1000
EXPOSE 4000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT || 4000}/livez`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Node itself, with no shell or npm before it, so that SIGTERM reaches it.
ENTRYPOINT ["node", "--disallow-code-generation-from-strings", "dist/main.js"]
