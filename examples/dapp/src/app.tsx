import { useLayoutEffect, useRef } from "preact/hooks";
import { ChatPage } from "./pages/chat";
import { ConnectPage } from "./pages/connect";
import { SettingsPage } from "./pages/settings";
import { UsagePage } from "./pages/usage";
import { WalletPage } from "./pages/wallet";
import { WorkersPage } from "./pages/workers";
import { Banner } from "./parts/banner";
import { Side } from "./parts/side";
import { Toasts } from "./parts/toasts";
import { page, type Page } from "./state/route";
import { isStarting } from "./state/start";
import { wallet } from "./state/wallet";
import { Skeleton } from "./ui/parts";

const TITLES: Record<Page, string> = { chat: "Chat", workers: "Workers", usage: "Usage", wallet: "Wallet", settings: "Settings" };

/** The whole page. */
export function App() {
  return (
    <>
      {wallet.value ? <Shell /> : isStarting.value ? <Starting /> : <ConnectPage />}
      <Toasts />
    </>
  );
}

function Starting() {
  return (
    <main class="welcome">
      <div class="welcome-box">
        <Skeleton lines={4} />
      </div>
    </main>
  );
}

function Shell() {
  const current = page.value;
  const banner = useRef<HTMLDivElement>(null);
  useLayoutEffect(() => {
    document.title = `${TITLES[current]} · Secret AI`;
  }, [current]);
  // The chat fills the screen below the banner, whose height depends on its text.
  useLayoutEffect(() => {
    const element = banner.current;
    if (!element) return undefined;
    const watch = new ResizeObserver(() => document.documentElement.style.setProperty("--banner", `${element.offsetHeight}px`));
    watch.observe(element);
    return () => watch.disconnect();
  }, []);
  return (
    <div class="shell">
      <Side />
      <div class="main">
        <div ref={banner}>
          <Banner />
        </div>
        <main id="main" aria-label={TITLES[current]}>
          {current === "chat" && <ChatPage />}
          {current === "workers" && <WorkersPage />}
          {current === "usage" && <UsagePage />}
          {current === "wallet" && <WalletPage />}
          {current === "settings" && <SettingsPage />}
        </main>
      </div>
    </div>
  );
}
