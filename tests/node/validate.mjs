// Axiom's own parser: is a query accepted? One line of JSON in, {query, schema?}; one out, the faults as texts.
// With a schema ({dataset: {field: type}}) unknown fields and functions and wrong types are faults too.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";

const require = createRequire(`${process.argv[2]}/`);
require("@axiomhq/language-service-next/bridge.min.js");
require("@axiomhq/language-service-next/Kusto.Language.Bridge.min.js");
const {
  Kusto: { Language },
  Bridge,
} = globalThis;

function* each(found) {
  const walk = Bridge.getEnumerator(found);
  while (walk.moveNext()) yield walk.Current;
}

const quoted = (name) => `['${name.replace(/[\\']/g, "\\$&")}']`;

function globals(schema) {
  const tables = Object.entries(schema).map(([name, fields]) => {
    const columns = Object.entries(fields).map(([field, type]) => `${quoted(field)}: ${type}`);
    return new Language.Symbols.TableSymbol.$ctor6(name, `(${columns.join(", ")})`, null);
  });
  return Language.GlobalState.Default.WithDatabase(new Language.Symbols.DatabaseSymbol.ctor("db", tables));
}

function faults({ query, schema }) {
  const syntax = [...each(Language.KustoCode.Parse(query).GetSyntaxDiagnostics())];
  const meaning = schema
    ? [...each(Language.KustoCode.ParseAndAnalyze(query, globals(schema)).GetDiagnostics())].filter(
        (fault) => fault.Severity === "Error",
      )
    : [];
  return [...syntax, ...meaning].map((fault) => `${fault.Message} (at ${query.substr(fault.Start, fault.Length)})`);
}

for await (const line of createInterface({ input: process.stdin })) console.log(JSON.stringify(faults(JSON.parse(line))));
