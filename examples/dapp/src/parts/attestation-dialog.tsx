import type { WorkerReport } from "secret-ai";
import { useEffect, useState } from "preact/hooks";
import { moment } from "../lib/text";
import { allChecks, summary, verifyAttestation } from "../state/attestation";
import { explain, type Explained } from "../state/explain";
import { Dialog } from "../ui/dialog";
import { Icon } from "../ui/icon";
import { Button, Notice, Skeleton } from "../ui/parts";
import { Checks } from "./checks";
import { Failure } from "./failure";

/** Verifies a worker's attestation now, and shows each check with its result. */
export function AttestationDialog({ workerId, onClose }: { workerId: string; onClose: () => void }) {
  const [report, setReport] = useState<WorkerReport | undefined>();
  const [error, setError] = useState<Explained | undefined>();
  const verify = async () => {
    setReport(undefined);
    setError(undefined);
    try {
      setReport(await verifyAttestation(workerId));
    } catch (problem) {
      setError(explain(problem));
    }
  };
  useEffect(() => void verify(), [workerId]);
  return (
    <Dialog title="Attestation" onClose={onClose} isWide>
      <p class="muted small mono break">worker {workerId}</p>
      {error && <Failure title="Not verified" error={error} />}
      {!report && !error && <Skeleton lines={6} />}
      {report && <Shown report={report} />}
      <div class="dialog-actions">
        <Button icon="refresh" onClick={() => void verify()}>Verify again</Button>
      </div>
    </Dialog>
  );
}

function Shown({ report }: { report: WorkerReport }) {
  const checks = allChecks(report);
  return (
    <div class="stack" data-testid="attestation" data-verdict={report.verdict} data-root={report.root}>
      <Verdict report={report} />
      <Checks checks={summary(report)} />
      <details class="more">
        <summary>
          <Icon name="down" size={15} />
          All {checks.length} checks of the verifier
        </summary>
        <Checks checks={checks} />
      </details>
      <p class="hint">
        Verified in this browser, for {moment(report.report.time)} by this device's clock, with the code that the registry contract runs, compiled to WebAssembly.
      </p>
    </div>
  );
}

function Verdict({ report }: { report: WorkerReport }) {
  if (report.verdict === "refused") {
    return (
      <Notice title="Refused: do not send anything to this worker">
        <ul>{report.problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>
      </Notice>
    );
  }
  if (report.verdict === "incomplete") {
    return (
      <Notice tone="warn" title="Incomplete: nothing failed, but not everything could be checked here">
        <ul>{report.problems.map((problem) => <li key={problem}>{problem}</li>)}</ul>
      </Notice>
    );
  }
  if (report.root === "development") {
    return (
      <Notice tone="warn" title="Simulated TEE: development root">
        Every check passed, but under a root that anybody can make. This proves nothing about hardware.
      </Notice>
    );
  }
  return <Notice tone="good" title="Genuine">Hardware, image and keys are what the registry says.</Notice>;
}
