import { account } from "../state/account";
import { network } from "../state/settings";
import { Icon } from "../ui/icon";

/** Says loudly when nothing here is protected by hardware. */
export function Banner() {
  if (!account.value?.isDevelopment) return null;
  const isProduction = network.value.chainId === "secret-4";
  return (
    <section class={`banner ${isProduction ? "bad" : ""}`} aria-label="Warning">
      <Icon name="alert" size={16} />
      <span>
        <strong>Simulated TEE: development root.</strong> This registry accepts attestation that anybody can make. Nothing you send here is
        protected by hardware.
      </span>
    </section>
  );
}
