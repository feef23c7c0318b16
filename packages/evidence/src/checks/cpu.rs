//! What is the same for every kind of CPU evidence: image, workload, platform, binding.

use secret_ai_attestation::{
    check_report_data, expected_rtmr3, recognise_report_data, workload_digest, Candidates, Device,
    ReportDataForm, Workload,
};
use serde_json::{json, Value};

use super::Context;
use crate::claims::{SnpClaims, TdxClaims};
use crate::digest::sha256;
use crate::policy::Binding;
use crate::report::{Log, Subject};

/// What one piece of CPU evidence says.
pub(super) struct Cpu {
    pub report_data: [u8; 64],
    pub image: [u8; 32],
    /// SHA-256 of PPID or chip id, if the evidence is genuine.
    pub platform: Option<[u8; 32]>,
    /// As the evidence itself shows it: RTMR3 or host data.
    pub workload: Workload<'static>,
}

impl Context<'_> {
    /// Report data that the CPU evidence claims.
    pub(super) fn report_data(&self) -> Vec<[u8; 64]> {
        let tdx = self
            .tdx
            .iter()
            .filter_map(|quote| Some(TdxClaims::read(quote)?.report_data));
        let snp = self
            .snp
            .iter()
            .filter_map(|report| Some(SnpClaims::read(report)?.report_data));
        tdx.chain(snp).collect()
    }
}

/// Checks it, and gives what more there is to say.
pub(super) fn check(
    context: &Context<'_>,
    cpu: &Cpu,
    rootfs: Vec<[u8; 32]>,
    devices: &[Device],
    subject: &mut Subject<'_>,
) -> Vec<(&'static str, Value)> {
    let mut workloads = vec![cpu.workload];
    workloads.extend(replay(context, cpu, &rootfs, subject));
    let digests: Vec<[u8; 32]> = workloads.iter().map(workload_digest).collect();
    image(context, cpu, &digests, subject);
    platform(context, cpu, subject);
    let form = recognise(context, cpu);
    tls(context, cpu, subject);
    binding(context, cpu, form, devices, subject);
    let digests: Vec<String> = digests.iter().map(hex::encode).collect();
    vec![
        ("workloads", json!(digests)),
        ("report_data_form", json!(describe(context, cpu, form))),
    ]
}

/// Recomputes RTMR3 from the compose files and root file systems that are known.
fn replay(
    context: &Context<'_>,
    cpu: &Cpu,
    rootfs: &[[u8; 32]],
    subject: &mut Subject<'_>,
) -> Option<Workload<'static>> {
    let shown = expected_rtmr3(&cpu.workload);
    if context.composes.is_empty() {
        if context.options.rootfs.is_some() {
            subject.missing("compose", "--rootfs is given, but no compose file");
        }
        return None;
    }
    if shown.is_none() {
        subject.missing(
            "compose",
            "launch measurements of SEV-SNP are not recomputed here",
        );
        return None;
    }
    if rootfs.is_empty() {
        let detail = "root file system unknown: give --rootfs or SecretVM's list of images";
        subject.missing("compose", detail);
        return None;
    }
    let candidates = context.composes.iter().flat_map(|compose| {
        rootfs.iter().map(|rootfs| Workload::AttestTool {
            compose_sha256: sha256(compose),
            rootfs: *rootfs,
            docker_files_sha256: None,
        })
    });
    let found = candidates
        .into_iter()
        .find(|workload| expected_rtmr3(workload) == shown);
    match found {
        Some(_) => subject.pass(
            "compose",
            "RTMR3 follows from compose file and root file system",
        ),
        None => subject.fail(
            "compose",
            "workload",
            "RTMR3 does not follow from the compose file",
        ),
    }
    found
}

fn image(context: &Context<'_>, cpu: &Cpu, workloads: &[[u8; 32]], subject: &mut Subject<'_>) {
    let Some(images) = &context.policy.images else {
        return subject.not_checked("image", "no image list");
    };
    let Some(image) = images.iter().find(|image| image.image.0 == cpu.image) else {
        return subject.fail(
            "image",
            "image",
            format!("{} is not listed", hex::encode(cpu.image)),
        );
    };
    subject.pass("image", "listed");
    match &image.workloads {
        None => subject.pass("workload", "any is approved for this image"),
        Some(list) if list.iter().any(|listed| workloads.contains(&listed.0)) => {
            subject.pass("workload", "listed for this image");
        }
        Some(_) => subject.fail("workload", "workload", "is not listed for this image"),
    }
}

fn platform(context: &Context<'_>, cpu: &Cpu, subject: &mut Subject<'_>) {
    let Some(platform) = cpu.platform else {
        return;
    };
    if !context.policy.judges_platforms() {
        return subject.not_checked("platform", "known ones were not asked for");
    }
    let mut listed = context.policy.platforms.iter().flatten();
    if listed.any(|listed| listed.0 == platform) {
        subject.pass("platform", "known");
    } else {
        subject.fail("platform", "platform", "is not among the known ones");
    }
}

/// What the report data is, judged by everything among the files.
fn recognise(context: &Context<'_>, cpu: &Cpu) -> ReportDataForm {
    let mut tls: Vec<[u8; 32]> = Vec::new();
    for one in context.servers() {
        tls.extend([one.spki_sha256, sha256(&one.der)]);
    }
    tls.extend(
        context
            .policy
            .binding
            .iter()
            .map(|binding| binding.tls_spki_sha256.0),
    );
    recognise_report_data(
        &cpu.report_data,
        &Candidates {
            registrations: &[],
            tls_sha256: &tls,
            gpu_nonces: &context.gpu_nonces(),
        },
    )
}

/// The form in words, with the two halves where they mean something on their own.
fn describe(context: &Context<'_>, cpu: &Cpu, form: ReportDataForm) -> String {
    let (first, second) = cpu.report_data.split_at(32);
    let (first, second) = (hex::encode(first), hex::encode(second));
    let served = context.gpus.iter().any(|gpu| gpu.secretvm);
    match form {
        ReportDataForm::SecretVmBoot { .. } => format!("{form}; TLS {first}, GPU {second}"),
        ReportDataForm::GpuNonce if served && context.policy.binding.is_none() => format!(
            "SecretVM's static boot quote, by the /gpu bundle beside it: SHA-256 of TLS key {first}, \
             GPU nonce {second}; no challenge, not a registration"
        ),
        ReportDataForm::KeyOnly => format!("{form}; {first}"),
        other => other.to_string(),
    }
}

/// A certificate of no vendor is taken as the server's; the evidence or the binding must name its key.
fn tls(context: &Context<'_>, cpu: &Cpu, subject: &mut Subject<'_>) {
    for one in context.servers() {
        let name = &one.subject;
        let whole = sha256(&one.der);
        let bound = match &context.policy.binding {
            Some(binding) => binding.tls_spki_sha256.0 == one.spki_sha256,
            None => [one.spki_sha256, whole]
                .iter()
                .any(|hash| cpu.report_data.starts_with(hash)),
        };
        if bound {
            subject.pass("tls", format!("key of the certificate `{name}` is bound"));
        } else {
            subject.fail(
                "tls",
                "tls",
                format!("key of the certificate `{name}` is not bound"),
            );
        }
    }
}

fn binding(
    context: &Context<'_>,
    cpu: &Cpu,
    form: ReportDataForm,
    devices: &[Device],
    subject: &mut Subject<'_>,
) {
    let Some(binding) = &context.policy.binding else {
        return subject.not_checked("binding", describe(context, cpu, form));
    };
    class(context, binding, subject);
    match check_report_data(&cpu.report_data, &binding.registration(), devices) {
        Ok(()) => subject.pass(
            "binding",
            "operator, keys, challenge and GPU evidence are bound",
        ),
        Err(error) => {
            let form = describe(context, cpu, form);
            subject.fail("binding", error.code(), format!("{error}; it is: {form}"));
        }
    }
}

/// Bits 4 to 7 of the class are the number of GPUs.
fn class(context: &Context<'_>, binding: &Binding, subject: &mut Subject<'_>) {
    let (said, found) = (usize::from(binding.class >> 4), context.gpus.len());
    if said == found {
        subject.pass("class", format!("{found} GPUs"));
    } else {
        subject.fail(
            "class",
            "class",
            format!("says {said} GPUs, there is evidence of {found}"),
        );
    }
}

/// GPUs prove nothing about what runs on their machine or who talks to them: whatever is asked about
/// that needs CPU evidence.
pub(super) fn check_presence(context: &Context<'_>, log: &mut Log) {
    if !context.tdx.is_empty() || !context.snp.is_empty() {
        return;
    }
    let policy = context.policy;
    let compose = !context.composes.is_empty() || context.options.rootfs.is_some();
    let asked = [
        ("image", policy.images.is_some()),
        ("platform", policy.judges_platforms()),
        ("compose", compose),
        ("tls", !context.servers().is_empty()),
        ("binding", policy.binding.is_some()),
    ];
    let mut subject = log.subject("cpu");
    for (name, _) in asked.into_iter().filter(|(_, asked)| *asked) {
        subject.missing(name, "no CPU evidence that could show it");
    }
}
