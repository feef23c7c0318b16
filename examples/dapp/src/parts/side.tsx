import { account } from "../state/account";
import { page, type Page } from "../state/route";
import { network } from "../state/settings";
import { disconnect, wallet } from "../state/wallet";
import { formatAmount } from "../lib/amount";
import { short } from "../lib/text";
import { Icon, type IconName } from "../ui/icon";
import { Badge } from "../ui/parts";

const LINKS: [Page, string, IconName][] = [
  ["chat", "Chat", "chat"],
  ["workers", "Workers", "cpu"],
  ["usage", "Usage", "chart"],
  ["wallet", "Wallet", "wallet"],
  ["settings", "Settings", "settings"],
];

/** Where one can go, the balance, and who is connected. */
export function Side() {
  const address = wallet.value?.address ?? "";
  const open = account.value;
  return (
    <header class="side">
      <div class="brand">
        <img src="./favicon.svg" alt="" />
        Secret AI
      </div>
      <nav class="nav" aria-label="Pages">
        {LINKS.map(([to, label, icon]) => (
          <a key={to} href={`#/${to}`} aria-current={page.value === to ? "page" : undefined}>
            <Icon name={icon} />
            {label}
          </a>
        ))}
      </nav>
      <div class="side-foot">
        {open && (
          <div>
            <div class="muted">Free balance</div>
            <div class="amount" data-testid="side-free">
              {formatAmount(open.free, open.token)} <span class="muted small">{open.token.symbol}</span>
            </div>
          </div>
        )}
        <div>
          <Badge>{network.value.chainId}</Badge>
        </div>
        <div class="who">
          <span class="mono" title={address}>
            {short(address)}
          </span>
          <button type="button" class="icon-button small" aria-label="Disconnect" title="Disconnect" onClick={disconnect}>
            <Icon name="logout" size={16} />
          </button>
        </div>
      </div>
    </header>
  );
}
