// An example to copy: two pages over the My Account API, signed in as in production.
import { account } from "./account.js";
import { bookings } from "./bookings.js";
import { h } from "./dom.js";
import { forget, session, signedInNow, signIn, signOut } from "./signin.js";

const PAGES = { "#/account": account, "#/bookings": bookings };
const main = document.getElementById("main");
const nav = document.getElementById("nav");

function show() {
  const hash = location.hash in PAGES ? location.hash : "#/account";
  nav.hidden = !session();
  if (!session()) return welcome("See your memberships, credits and bookings.");
  for (const link of nav.querySelectorAll("a")) link.toggleAttribute("aria-current", link.hash === hash);
  main.replaceChildren(...PAGES[hash]().flat(Infinity));
}

function welcome(text) {
  nav.hidden = true;
  main.replaceChildren(h("section", {}, h("h1", {}, "Welcome"), h("p", {}, text), h("button", { type: "button", click: () => signIn().catch((error) => welcome(error.message)) }, "Sign in")));
}

addEventListener("hashchange", show);
addEventListener("signed-out", ({ detail }) => { forget(); welcome(detail); });
document.getElementById("out").addEventListener("click", () => signOut());
signedInNow().then(show, (error) => welcome(error.message));
