// Mermaid's own parser: is a chart accepted? One line of JSON in, the code; one out: null, or the fault as a text.
import { createInterface } from "node:readline";
import { pathToFileURL } from "node:url";

const load = async (path) => (await import(pathToFileURL(`${process.argv[2]}/${path}`))).default;
// What cleans texts needs a browser, and has nothing to do with the grammar.
Object.assign(await load("dompurify/dist/purify.es.mjs"), { sanitize: (text) => text, addHook: () => {} });
const mermaid = await load("mermaid/dist/mermaid.core.mjs");

async function fault(code) {
  try {
    await mermaid.parse(code);
    const { type } = await mermaid.mermaidAPI.getDiagramFromText(code);
    return type === "xychart" ? null : `a chart of the kind ${type}`;
  } catch (error) {
    return String(error.message);
  }
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(await fault(JSON.parse(line))));
