import { signal } from "@preact/signals";

/** The pages; the part of the address after `#/` names one. */
export const PAGES = ["chat", "workers", "usage", "wallet", "settings"] as const;
export type Page = (typeof PAGES)[number];

function current(): Page {
  const name = location.hash.replace(/^#\//, "");
  return PAGES.find((page) => page === name) ?? "chat";
}

/** The page that is shown. */
export const page = signal<Page>(current());

addEventListener("hashchange", () => {
  page.value = current();
  scrollTo(0, 0);
});

/** Goes to a page. */
export function go(to: Page): void {
  location.hash = `#/${to}`;
}
