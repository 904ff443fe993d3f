// Lists calls, reads one, and meets a problem, through a client made from the OpenAPI document.
import createClient from "openapi-fetch";
import type { paths } from "./api.js";

const { CALLWEAVE_URL: baseUrl, CALLWEAVE_KEY: key } = process.env;
const client = createClient<paths>({ baseUrl, headers: { Authorization: `Bearer ${key}` } });

const { data: page, error } = await client.GET("/v1/calls", {
  params: { query: { limit: 3, order: "desc" } },
});
if (!page) {
  throw new Error(`${error.status} ${error.code}: ${error.detail}`);
}
for (const call of page.data) {
  console.log(`  ${call.started_at ?? "?"} ${call.vendor} ${call.direction} score ${call.rollup.score_pct ?? "none"}`);
}
const first = page.data[0];
if (!first) {
  throw new Error("no calls");
}
const { data: call } = await client.GET("/v1/calls/{id}", { params: { path: { id: first.id } } });
if (call?.id !== first.id) {
  throw new Error("another call came back");
}
const missing = await client.GET("/v1/jobs/{id}", {
  params: { path: { id: "0198f2a4-7c1e-7d2b-9a3c-5e6f7a8b9c0d" } },
});
if (missing.response.status !== 404 || missing.error?.code !== "gateway.not_found") {
  throw new Error(`expected a problem, got ${missing.response.status}`);
}
console.log(`  one call read again, one problem understood (${missing.error.code})`);
