/** A worker's attestation, verified in this browser by the registry's own verifier as WebAssembly. */
import { attest, Verifier, type WorkerReport } from "secret-ai";
import { short } from "../lib/text";
import { ai } from "./account";
import type { Check } from "./types";

let loaded: Promise<Verifier> | undefined;

/** Fetches a worker's evidence and judges it. */
export async function verifyAttestation(workerId: string): Promise<WorkerReport> {
  const verifier = await (loaded ??= Verifier.load().catch((error: unknown) => {
    loaded = undefined;
    throw error;
  }));
  return attest(ai(), workerId, verifier);
}

const ROOTS = { intel: "Intel", amd: "AMD", development: "Development" };
const CPUS = { tdx: "Intel TDX quote", snp: "AMD SEV-SNP report" };

/** The report in the order in which people ask. */
export function summary(report: WorkerReport): Check[] {
  const { cpu, gpus, image, keysBound, root } = report;
  const judged = (good: boolean): Check["result"] => (good ? "pass" : report.verdict === "incomplete" ? "skip" : "fail");
  return [
    {
      name: "Root of trust",
      result: root === "development" ? "skip" : judged(cpu.genuine),
      detail:
        root === "development"
          ? "A development root that anybody can make. The checks below are real, the hardware is simulated."
          : `${ROOTS[root]}'s root certificate, pinned in this page.`,
    },
    { name: CPUS[cpu.kind], result: judged(cpu.genuine), detail: cpu.genuine ? `Genuine${cpu.tcb ? `; patch level ${cpu.tcb}` : ""}.` : because(report, cpu.kind) },
    { name: "Image", result: judged(image.registered), detail: image.digest === "" ? "Not known." : `${short(image.digest, 16, 8)}, ${image.registered ? "the one that the registry approved" : "not the one in the registry's record"}.` },
    { name: "Keys bound", result: judged(keysBound), detail: keysBound ? "Receipt key, TLS key, operator and challenge are inside the quote, and are the registry's." : because(report, "binding") },
    gpus.length === 0
      ? { name: "GPUs", result: judged(!report.problems.some((problem) => /^gpu|class/.test(problem))), detail: "None attested: nothing is proved of any GPU that the machine may have." }
      : { name: `GPUs (${gpus.length})`, result: judged(gpus.every((gpu) => gpu.genuine)), detail: gpus.map((gpu) => [gpu.arch, gpu.driver && `driver ${gpu.driver}`].filter(Boolean).join(", ") || "GPU").join("; ") },
  ];
}

function because(report: WorkerReport, word: string): string {
  return report.problems.find((problem) => problem.includes(word)) ?? report.problems[0] ?? "Not verified.";
}

const OUTCOMES = { pass: "pass", fail: "fail", missing: "skip", not_checked: "skip" } as const;

/** Every single check of the verifier. */
export function allChecks({ report }: WorkerReport): Check[] {
  return report.checks.map((check) => ({ name: `${check.subject}: ${check.name}`, result: OUTCOMES[check.outcome], detail: check.detail }));
}
