import { formatAmount } from "../lib/amount";
import { duration, short } from "../lib/text";
import { account, contractNow } from "../state/account";
import type { Offer } from "../state/types";
import { Badge, Button } from "../ui/parts";

const TEES: Record<string, string> = { tdx: "Intel TDX", snp: "AMD SEV-SNP" };

/** Names of units, as people say them. */
export const UNIT_NAMES: Record<string, string> = {
  input: "input tokens",
  cached_input: "cached input tokens",
  output: "output tokens",
  image: "images",
  audio_ms: "ms of audio",
  embedding: "embedded tokens",
  request: "requests",
};

/** A model of a worker: price, what was attested, and what one can do. */
export function OfferCard({ offer, onOpen, onVerify }: { offer: Offer; onOpen: () => void; onVerify: () => void }) {
  const open = account.value;
  return (
    <article class="card offer">
      <header>
        <div>
          <h2>{offer.model}</h2>
          <p class="muted small mono" title={offer.workerId}>
            worker {short(offer.workerId, 8, 4)}
          </p>
        </div>
        {open?.isDevelopment ? <Badge tone="warn" icon="alert">Development root</Badge> : <Badge tone="good" icon="shield">Attested</Badge>}
      </header>
      {open && (
        <dl class="prices">
          {offer.lines.map((line) => (
            <div key={line.unit}>
              <dt>{UNIT_NAMES[line.unit] ?? line.unit}</dt>
              <dd>
                {formatAmount(line.rate, open.token)} <small>{open.token.symbol} / million</small>
              </dd>
            </div>
          ))}
        </dl>
      )}
      <div class="inline">
        <Badge icon="cpu">{TEES[offer.tee] ?? offer.tee}</Badge>
        <Badge>{offer.gpus === 0 ? "no GPU attested" : `${offer.gpus} confidential GPU${offer.gpus > 1 ? "s" : ""}`}</Badge>
        <Badge>{offer.isPlatformKnown ? "known place" : "place unknown"}</Badge>
        <Badge>lease {duration(offer.leaseUntil - contractNow())}</Badge>
      </div>
      <footer>
        <Button icon="shield" onClick={onVerify}>Verify attestation</Button>
        <Button kind="primary" icon="plus" onClick={onOpen}>Open session</Button>
      </footer>
    </article>
  );
}
