/** What happens when the page opens, and when the wallet changes. */
import { effect, signal } from "@preact/signals";
import { openAccount, closeAccount } from "./account";
import { explain } from "./explain";
import { network } from "./settings";
import { toast } from "./toasts";
import { reconnect, wallet } from "./wallet";

/** True until it is clear whether a wallet was connected before. */
export const isStarting = signal(true);

/** Connects as before the reload; from then on the account follows the wallet. */
export async function start(): Promise<void> {
  effect(() => {
    const connected = wallet.value;
    if (connected) void openAccount(connected, network.peek());
    else closeAccount();
  });
  try {
    await reconnect();
  } catch (error) {
    toast(explain(error).text, "bad");
  } finally {
    isStarting.value = false;
  }
}
