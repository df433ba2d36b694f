FROM node:24-bookworm-slim AS base
WORKDIR /app
# Nothing but these, so that what is installed below stays in the cache until a dependency changes.
COPY package.json package-lock.json .npmrc ./

FROM base AS dependencies
RUN apt-get update \
  && apt-get install -y --no-install-recommends g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
# No package needs its install script: argon2 and sharp bring their binaries along. TypeScript comes as an optional peer of the
# OpenAPI plugin, which works at build time only.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/typescript
COPY scripts/argon2-native.mjs scripts/
# Only where it can be tried at once. The prebuilt argon2 stays beside it: the service chooses by the processor it runs on.
RUN if grep -qw avx2 /proc/cpuinfo; then npm run argon2:native; fi

FROM base AS build
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY migrations migrations
COPY src src
RUN npm run build

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
RUN chmod 755 dist/src/cli/main.js && ln -s /app/dist/src/cli/main.js /usr/local/bin/ostiary
# The user "node", as a number: Kubernetes cannot tell from a name that it is not root.
USER 1000:1000
EXPOSE 3000
# "live" and not "ready": who acts on this check restarts the container, which brings no database back. A container that
# starts is not healthy too early, since the service listens only when its database is there and migrated.
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.PORT || 3000) + '/health/live').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
# Without a shell or npm in between, so that the service is told to stop and does so in good order.
CMD ["node", "dist/src/main.js"]
