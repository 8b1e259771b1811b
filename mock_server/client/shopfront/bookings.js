// My Bookings: orders, page by page, by the links that the API gives.
import { list } from "./api.js";
import { date, h, money, none, section, words } from "./dom.js";

export function bookings() {
  let page = "?per_page=5";
  return [h("h1", {}, "My Bookings"), section("Orders", async (again) => {
    const { data, links = {}, meta = {} } = await list(`/shop/my-account/orders${page}`);
    const go = (label, link) => h("button", { type: "button", disabled: !link, click: () => { page = new URL(link).search; again(); } }, label);
    return [
      data.length ? h("ul", {}, data.map(order)) : none("You have not ordered anything yet."),
      h("div", { class: "pages" }, go("Newer", links.prev), go("Older", links.next), h("span", { class: "soft" }, `Page ${meta.current_page} of ${meta.last_page}, ${meta.total} orders`)),
    ];
  })];
}

function order(each) {
  const items = [...each.booking_items, ...each.package_items, ...each.purchase_items];
  return h("li", {}, h("div", { class: "line" }, h("span", {}, `${each.order_ref}, ${date(each.submitted_at)}`), h("span", {}, money(each.total_cost, each.currency)), h("span", { class: "tag" }, words(each.status))),
    h("p", { class: "soft" }, items.map((item) => item.type_name).join(", ")),
    each.payment_totals.unpaid > 0 ? h("p", { class: "bad" }, `${money(each.payment_totals.unpaid, each.currency)} to pay`) : null);
}
