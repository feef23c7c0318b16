import { money } from "../lib/amount";
import { count, moment, short } from "../lib/text";
import { account } from "../state/account";
import { exportReceipts } from "../state/receipts";
import type { StoredReceipt } from "../state/types";
import { Copy } from "../ui/copy";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Button, Notice, Row } from "../ui/parts";
import { Checks } from "./checks";

/** What the page checked before it kept the receipt; each of these failing would have refused it. */
function checked(receipt: StoredReceipt) {
  const units = receipt.unitNames.map((name, i) => `${count(receipt.units[i] ?? 0)} ${name}`).join(", ");
  return [
    ["Signature", `secp256k1, by receipt key ${short(receipt.kid, 8, 6)}, which the registry attested for this worker.`],
    ["Session", `For session ${short(receipt.sessionId, 8, 6)}, this chain and this billing contract.`],
    ["Question", `The worker signed the SHA-256 of exactly the bytes this page sent: ${short(receipt.requestSha256, 8, 6)}.`],
    ["Answer", `The SHA-256 of the received stream is the signed one: ${short(receipt.responseSha256, 8, 6)}.`],
    ["Units", `Charged: ${units}. Not more than the usage the answer told.`],
    ["Counters", `Number ${receipt.seq} of this key; the counters never fell and contain this answer.`],
  ].map(([name = "", detail = ""]) => ({ name, result: "pass" as const, detail }));
}

/** A receipt with everything that stands in it. */
export function ReceiptDetails({ receipt, onClose }: { receipt: StoredReceipt; onClose: () => void }) {
  const token = account.value?.token;
  const cost = (text: string) => (token ? money(BigInt(text), token) : `${text} base units`);
  return (
    <Dialog title={`Receipt #${receipt.seq}`} onClose={onClose} isWide>
      {receipt.aborted && (
        <Notice tone="warn" title="Cut off">The answer was stopped. What was produced until then is counted.</Notice>
      )}
      <dl class="rows">
        <Row name="Cost of this answer">{cost(receipt.cost)}</Row>
        <Row name="Session so far, this key">{cost(receipt.total)}</Row>
        <Row name="Model">{receipt.model}</Row>
        <Row name="Time, by the worker">{moment(receipt.time)}</Row>
      </dl>
      <section>
        <h3>Checked in this browser</h3>
        <Checks checks={checked(receipt)} />
      </section>
      <details class="more">
        <summary>
          <Icon name="down" size={15} />
          Raw values
        </summary>
        <dl class="rows">
          {(
            [
              ["Session", receipt.sessionId],
              ["Receipt key id", receipt.kid],
              ["Request SHA-256", receipt.requestSha256],
              ["Response SHA-256", receipt.responseSha256],
              ["Receipt and signature", receipt.receipt],
              ["Evidence", receipt.evidence],
            ] as const
          ).map(([name, value]) => (
            <Row key={name} name={name} isMono>
              {value} <Copy text={value} label={`Copy ${name.toLowerCase()}`} />
            </Row>
          ))}
        </dl>
      </details>
      <div class="dialog-actions">
        <Button icon="download" onClick={() => exportReceipts([receipt])}>Export JSON</Button>
      </div>
    </Dialog>
  );
}
