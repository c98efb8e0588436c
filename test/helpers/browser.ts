/** A real browser on a page that this process serves. */
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { brotliDecompress } from "node:zlib";

import { build } from "esbuild";

const CHROMIUM = fileURLToPath(new URL("../bin/chromium.br", import.meta.resolve("@sparticuz/chromium")));
const LONGEST_MS = 120_000;

/**
 * Calls a function of a module in a page, and answers what it resolves to.
 *
 * @param entry Path of the module. It is bundled for browsers, and must not need anything else.
 * @param name Of the function that it exports.
 * @param given What that is called with.
 */
export async function runInBrowser(entry: string, name: string, given: unknown): Promise<unknown> {
  const folder = await mkdtemp(join(tmpdir(), "assay-browser-"));
  const program = join(folder, "chromium");
  await writeFile(program, await promisify(brotliDecompress)(await readFile(CHROMIUM)), { mode: 0o700 });
  const script = await bundle(entry, name, given);
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const server = createServer((request, response) => {
    if (request.method !== "POST") {
      const isScript = request.url === "/script.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.end(
        isScript ? script : `<!doctype html><meta charset="utf-8"><script type="module" src="/script.js"></script>`,
      );
      return;
    }
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => (text += part));
    request.on("end", () => {
      response.end();
      const { result, failure } = JSON.parse(text) as { result?: unknown; failure?: string };
      if (failure === undefined) resolve(result);
      else reject(new PageFailedError(failure));
    });
  });
  await new Promise<void>((listening) => {
    server.listen(0, "127.0.0.1", listening);
  });
  const { port } = server.address() as AddressInfo;
  const browser = spawn(
    program,
    // As root, in a container, and without a screen.
    ["--headless=shell", "--no-sandbox", "--no-zygote", "--disable-gpu", "--disable-software-rasterizer"].concat(
      `--user-data-dir=${join(folder, "profile")}`,
      `http://127.0.0.1:${port}/`,
    ),
    { stdio: ["ignore", "inherit", "inherit"] },
  );
  browser.once("exit", (code) => reject(new PageFailedError(`the browser ended with ${code}`)));
  const timer = setTimeout(() => reject(new PageFailedError("it took too long")), LONGEST_MS);
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    browser.kill("SIGKILL");
    server.close();
    server.closeAllConnections();
    await rm(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function bundle(entry: string, name: string, given: unknown): Promise<string> {
  const contents = `
    import { ${name} as run } from ${JSON.stringify(entry)};
    const report = (body) => fetch("/", { method: "POST", body: JSON.stringify(body) });
    try {
      await report({ result: await run(${JSON.stringify(given)}) });
    } catch (error) {
      await report({ failure: String(error?.stack ?? error) });
    }`;
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: fileURLToPath(new URL("../..", import.meta.url)) },
    bundle: true,
    platform: "browser",
    format: "esm",
    target: "es2024",
    write: false,
  });
  return outputFiles[0]?.text ?? "";
}

/** What was to be run in a page failed. */
export class PageFailedError extends Error {
  override readonly name = "PageFailedError";

  constructor(reason: string) {
    super(`The page failed: ${reason}`);
  }
}
