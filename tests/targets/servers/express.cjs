// express-openapi-validator checks what the contract says; the rest is ten lines.
const express = require("express");
const OpenApiValidator = require("express-openapi-validator");
const { randomUUID } = require("node:crypto");

const app = express();
const broadcasts = new Map();
app.use(express.json());
app.use(OpenApiValidator.middleware({ apiSpec: process.env.CONTRACT, validateRequests: true }));
app.post("/voice/broadcasts", (request, response) => {
  const held = { ...request.body, broadcastId: randomUUID(), state: "draft" };
  broadcasts.set(held.broadcastId, held);
  response.status(201).json(held);
});
app.get("/voice/broadcasts/:broadcastId", (request, response) => {
  const held = broadcasts.get(request.params.broadcastId);
  response.status(held ? 200 : 404).json(held ?? { message: "not found" });
});
app.use((error, request, response, next) => {
  response.status(error.status || 500).json({ message: error.message, errors: error.errors });
});
app.listen(Number(process.env.PORT), "127.0.0.1");
