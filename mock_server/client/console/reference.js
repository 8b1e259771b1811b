// Reference: the operations with their rules folded under them, each to be tried as the chosen person.
import { copyButton, field, fill, form, h, listIn, pretty, shellQuoted, tag } from "./dom.js";
import { chooser } from "./people.js";
import { HOME, resolved } from "./world.js";

export const reference = {
  title: "Reference",
  intro: "The contract, operation by operation. What you try is sent as the person you choose, and shows up in Traffic.",
  proxied: "The contract, operation by operation: what is judged by.",
  async show(app, place) {
    // Only other people make it another page: what somebody tries stays.
    const drawFor = listIn(place, () => whole(app));
    const draw = () => drawFor([app.sandbox.customers.map(({ persona, token }) => [persona, token])]);
    draw();
    return { changed: draw };
  },
};

function whole(app) {
  const customer = app.sandbox.customers.find(({ persona }) => persona === app.persona) ?? app.sandbox.customers[0];
  const general = app.contract.tree["x-rules"] ?? [];
  return h("div", { class: "stack" },
    customer ? chooser(app, "reference", customer.persona) : null,
    app.contract.operations.map((operation) => card(app, operation, customer)),
    rules("Rules of every operation", general),
    h("p", {}, app.upstream ? null : [h("a", { href: `${HOME}/openapi.yaml` }, "The document"), " · ", h("a", { href: `${HOME}/docs` }, "Swagger UI"), " · "], h("a", { href: `${HOME}/__mock__/docs` }, "The control API")));
}

function card(app, operation, customer) {
  const { id, method, path, summary, description } = operation;
  return h("details", { "data-operation": id }, h("summary", {}, h("span", { class: `method ${method}` }, method), " ", h("code", {}, path), " ", h("span", { class: "soft" }, summary)),
    h("div", { class: "stack" },
      h("p", {}, description),
      h("p", { class: "row" }, Object.keys(operation.responses).map((status) => tag(status, { 2: "good", 4: "warn" }[status[0]] ?? ""))),
      app.upstream ? null : tryIt(app, operation, customer),
      operation.rules.length ? rules("Rules", operation.rules) : null,
      h("details", {}, h("summary", {}, "Fields of the answer"), h("div", {}, fields(app, operation)))));
}

function tryIt(app, { id, method, path, parameters }, customer) {
  const answer = h("div", { class: "stack", "aria-live": "polite" });
  const inputs = parameters.map((parameter) => {
    const options = parameter.schema?.type === "boolean" ? h("select", { name: parameter.name }, ["", "true", "false"].map((value) => h("option", { value }, value || "not sent"))) : h("input", { name: parameter.name, placeholder: parameter.required ? "required" : `optional ${parameter.schema?.type ?? ""}` });
    return field(`${parameter.name}: ${parameter.description ?? ""}`, options);
  });
  const preference = inputs.map((each) => each.querySelector("[name=marketingPreferenceId]")).find(Boolean);
  if (preference && customer) firstPreference(app, customer).then((value) => { if (!preference.value) preference.value = value; }).catch(() => {});
  return h("div", { class: "stack" }, form(inputs.length ? [h("div", { class: "fields" }, inputs)] : [], async (values) => {
    const query = new URLSearchParams();
    let target = path;
    for (const { name, in: where } of parameters) {
      if (where === "path") target = target.replace(`{${name}}`, encodeURIComponent(values[name]));
      else if (values[name]) query.append(name, values[name]);
    }
    const url = `${HOME}/@${app.sandbox.id}${target}${[...query].length ? `?${query}` : ""}`;
    const headers = customer ? { Authorization: `Bearer ${customer.token}` } : {};
    const started = performance.now();
    let text;
    let response;
    try {
      response = await fetch(url, { method, headers });
      text = await response.text();
    } catch (error) {
      throw new Error(`No answer: ${error.message}. A fault may be at work.`);
    }
    const took = Math.round(performance.now() - started);
    const curl = `curl -i -X ${method} ${Object.entries(headers).map(([name, value]) => `-H ${shellQuoted(`${name}: ${value}`)}`).join(" ")} ${shellQuoted(url)}`;
    fill(answer, h("p", { class: "row" }, tag(response.status, response.ok ? "good" : "bad"), h("span", { class: "soft" }, `${took} ms, ${text.length} characters`), copyButton(curl, "Copy as curl")),
      h("pre", { tabindex: 0, "aria-label": "The answer's body" }, pretty(text) || "no body"));
  }, customer ? `Send as ${customer.persona}` : "Send"), answer);
}

async function firstPreference(app, { persona }) {
  const { resources } = await app.sandbox.person(persona);
  return resources.find(({ operation }) => operation === "listMyAccountMarketingPreferences")?.data?.[0]?.id ?? "";
}

function rules(title, list) {
  return h("details", {}, h("summary", {}, `${title} (${list.length})`), h("div", {}, h("ul", { class: "plain" }, list.map(({ id, source, text }) => h("li", {}, h("b", { class: "mono" }, id), " ", tag(source, source === "documented" ? "accent" : ""), " ", text.replaceAll("`", ""))))));
}

function fields(app, operation) {
  const schema = operation.responses["200"]?.content?.["application/json"]?.schema;
  const data = flat(app.contract.tree, schema).data;
  const items = resolved(app.contract.tree, data ?? {});
  const record = flat(app.contract.tree, items.items ?? items);
  return h("ul", { class: "plain" }, Object.entries(record).map(([name, node]) => {
    const schema = resolved(app.contract.tree, node.allOf?.length === 1 ? node.allOf[0] : node);
    const type = schema.enum ? schema.enum.join(" | ") : [schema.type, schema.format].filter(Boolean).join(", ");
    return h("li", {}, h("code", {}, name), node.nullable || schema.nullable ? "?" : "", " ", h("span", { class: "soft" }, type), schema.description ? `: ${schema.description}` : "");
  }));
}

function flat(tree, node) {
  const schema = resolved(tree, node ?? {});
  return Object.assign({}, ...(schema.allOf ?? []).map((part) => flat(tree, part)), schema.properties ?? {});
}
