// fastify-openapi-glue makes routes with their checks out of the contract.
import { randomUUID } from "node:crypto";
import Fastify from "fastify";
import glue from "fastify-openapi-glue";

const broadcasts = new Map();
const serviceHandlers = {
  async createBroadcast(request, reply) {
    const held = { ...request.body, broadcastId: randomUUID(), state: "draft" };
    broadcasts.set(held.broadcastId, held);
    return reply.code(201).send(held);
  },
  async getBroadcast(request, reply) {
    const held = broadcasts.get(request.params.broadcastId);
    return reply.code(held ? 200 : 404).send(held ?? { message: "not found" });
  },
};
// Without this it does not start: the contract has x- members.
const app = Fastify({ ajv: { customOptions: { strict: false } } });
// The answers' schemas are kept to as well, so its own errors would all become 500.
app.setErrorHandler((error, request, reply) =>
  reply.code(error.statusCode ?? 500).send({ error: { code: error.code, message: error.message } }),
);
app.register(glue, { specification: process.env.CONTRACT, serviceHandlers });
await app.listen({ host: "127.0.0.1", port: Number(process.env.PORT) });
