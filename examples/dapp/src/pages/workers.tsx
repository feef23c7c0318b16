import { useEffect, useState } from "preact/hooks";
import { AttestationDialog } from "../parts/attestation-dialog";
import { OfferCard } from "../parts/offer-card";
import { OpenDialog } from "../parts/open-dialog";
import { loadOffers, offers, offersError } from "../state/account";
import type { Offer } from "../state/types";
import { Button, Empty, Notice, Skeleton } from "../ui/parts";

/** Who offers what, for how much, with which proof. */
export function WorkersPage() {
  const [opening, setOpening] = useState<Offer | undefined>();
  const [verifying, setVerifying] = useState<string | undefined>();
  useEffect(() => void loadOffers(), []);
  return (
    <div class="page">
      <div class="page-head">
        <div>
          <h1>Workers</h1>
          <p>Each has proved to the registry contract what it runs and that its receipt key lives only in there. Rates are fixed when you open a session.</p>
        </div>
        <Button icon="refresh" onClick={() => void loadOffers()}>Refresh</Button>
      </div>
      {offersError.value && <Notice title="The price list could not be read">{offersError.value.text}</Notice>}
      <Offers onOpen={setOpening} onVerify={(offer) => setVerifying(offer.workerId)} />
      {opening && <OpenDialog offer={opening} onClose={() => setOpening(undefined)} />}
      {verifying && <AttestationDialog workerId={verifying} onClose={() => setVerifying(undefined)} />}
    </div>
  );
}

function Offers({ onOpen, onVerify }: { onOpen: (offer: Offer) => void; onVerify: (offer: Offer) => void }) {
  const list = offers.value;
  if (!list) {
    if (offersError.value) return null;
    return (
      <div class="grid-2">
        <div class="card">
          <Skeleton lines={5} />
        </div>
      </div>
    );
  }
  if (list.length === 0) {
    return (
      <Empty icon="cpu" title="No active worker">
        Nobody offers a model for this token now. Workers appear here when their attestation is accepted, and go when their lease ends.
      </Empty>
    );
  }
  return (
    <div class="grid-2">
      {list.map((offer) => (
        <OfferCard key={offer.workerId + offer.model} offer={offer} onOpen={() => onOpen(offer)} onVerify={() => onVerify(offer)} />
      ))}
    </div>
  );
}
