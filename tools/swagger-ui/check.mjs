// Swagger UI in a browser: authorize, read, write, send a file; no host but the gateway's is asked.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const { CALLWEAVE_URL: url, CALLWEAVE_KEY: key, CALLWEAVE_CONNECTION: connection } = process.env;
const folder = mkdtempSync(join(tmpdir(), "callweave-swagger-"));
// A busy machine is no finding.
const patience = 120_000;
// The profile is a new one each time. What a browser does on its own, without being asked, is left out.
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM,
  timeout: patience,
  args: [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
  ],
});

try {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1200 } });
  page.setDefaultTimeout(patience);
  const origin = new URL(url).origin;
  const strangers = new Set();
  const complaints = [];
  page.on("request", (request) => {
    const asked = new URL(request.url());
    if (["http:", "https:", "ws:", "wss:"].includes(asked.protocol) && asked.origin !== origin) {
      strangers.add(request.url());
    }
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });

  await page.goto(`${url}/docs`);
  await page.locator(".opblock").first().waitFor();
  console.log(`opened: ${await page.locator(".opblock").count()} operations`);

  await page.locator(".auth-wrapper .authorize").first().click();
  await page.locator(".modal-ux input").first().fill(key);
  await page.locator(".modal-ux .authorize").click();
  await page.locator(".modal-ux .btn-done").click();
  console.log("authorized");

  // Opens an operation and fills it in; answers with the status that the page shows.
  async function tryOut(tag, operation, path, fill) {
    const block = page.locator(`#operations-${tag}-${operation}`);
    await block.locator(".opblock-summary-control").click();
    const offer = block.locator(".try-out__btn");
    await offer.waitFor();
    // It may be open from the beginning; then the button closes it.
    if (!(await offer.innerText()).includes("Cancel")) await offer.click();
    await fill(block);
    const answered = page.waitForResponse((response) => new URL(response.url()).pathname === path);
    await block.locator(".execute").click();
    const answer = await answered;
    const shown = block.locator(".live-responses-table .response .response-col_status").first();
    await shown.waitFor();
    const status = (await shown.innerText()).trim().split(/\s/)[0];
    console.log(`${answer.request().method()} ${path}: ${answer.status()}, shown as ${status}`);
    if (answer.status() < 200 || answer.status() > 299 || status !== String(answer.status())) {
      throw new Error(`${operation} answered ${answer.status()}: ${await answer.text()}`);
    }
    return { block, answer };
  }
  const parameter = (block, name) => block.locator(`tr[data-param-name="${name}"] input`).first();

  const { answer } = await tryOut("calls", "list_calls", "/v1/calls", (block) => parameter(block, "limit").fill("3"));
  if ((await answer.json()).data === undefined) throw new Error("no list came back");

  // The body is the document's own example.
  const made = await tryOut("api-keys", "create_api_key", "/v1/api-keys", (block) =>
    parameter(block, "Idempotency-Key").fill(`swagger-ui-${Date.now()}`),
  );
  if (made.answer.request().headers()["idempotency-key"] === undefined) throw new Error("no key was sent along");

  const recording = join(folder, "call.mp3");
  writeFileSync(recording, Buffer.alloc(20_000, 1));
  const submitted = await tryOut("jobs", "create_analysis", "/v1/analyses", async (block) => {
    await parameter(block, "Idempotency-Key").fill(`swagger-ui-file-${Date.now()}`);
    await block.locator(".body-param-content-type select, .content-type").first().selectOption("multipart/form-data");
    const field = (name) => block.locator(`tr[data-property-name="${name}"]`).locator("input:enabled, textarea:enabled").first();
    await field("file").setInputFiles(recording);
    // The page sends the fields in an order of its own, those that are not filled in as well.
    const filled = { connection_id: connection, started_at: "2026-03-02T09:15:00Z", direction: "inbound" };
    for (const row of await block.locator("tr[data-property-name]").all()) {
      const name = await row.getAttribute("data-property-name");
      // What is true or false is chosen from a list, and left as it is.
      const writable = (await row.locator("input:enabled, textarea:enabled").count()) > 0;
      if (name !== "file" && writable) await field(name).fill(filled[name] ?? "");
    }
  });
  await submitted.block.locator(".live-responses-table").first().scrollIntoViewIfNeeded();
  await page.screenshot({ path: process.env.SCREENSHOT });
  console.log(`picture: ${process.env.SCREENSHOT}`);

  if (strangers.size > 0) throw new Error(`other hosts were asked: ${[...strangers].join(", ")}`);
  if (complaints.length > 0) throw new Error(`the page complained: ${complaints.join("; ")}`);
  console.log("no other host was asked, nothing complained");
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
