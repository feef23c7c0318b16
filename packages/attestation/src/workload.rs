//! What an image was told to run, and the register or field of the evidence that shows it.
//!
//! An image measures its workload into RTMR3 in one of two ways, or (SEV-SNP) is launched with a digest
//! in host data. Whoever approves a workload approves its [`workload_digest`]; whoever runs it shows its
//! parts, and [`expected_rtmr3`] recomputes what the quote must say.
//!
//! RTMR3 begins as 48 zeros; extending it by `d` (48 bytes) makes SHA-384(register ‖ d).
//!
//! * SecretVM's attest tool extends it by SHA-256 of the compose file, by the root file system's
//!   measurement and, if there are docker files, by SHA-256 of their archive, each filled up with zeros.
//! * dstack extends it by event digests, SHA-384(u32 LE 0x08000001 ‖ ":" ‖ event ‖ ":" ‖ payload).
//!   SecretVM's events are `app-id`, `compose-hash`, `os-image-hash` and, if there are docker files,
//!   `docker-files-hash`.

use crate::binding::tagged;
use crate::crypto::{sha256, sha384};

/// dstack's type of events that a running guest measures.
const DSTACK_EVENT: u32 = 0x0800_0001;

/// What runs in an image, by the scheme that measured it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Workload<'a> {
    /// The register itself, whatever made it.
    Rtmr3([u8; 48]),
    /// SecretVM, measured by its attest tool.
    AttestTool {
        compose_sha256: [u8; 32],
        /// The root file system's measurement, `rootfs_data` in SecretVM's list of images.
        rootfs: [u8; 32],
        docker_files_sha256: Option<[u8; 32]>,
    },
    /// SecretVM, measured by dstack's tool.
    Dstack {
        /// Differs between deployments of one workload.
        app_id: &'a [u8],
        compose_sha256: [u8; 32],
        os_image_sha256: [u8; 32],
        docker_files_sha256: Option<[u8; 32]>,
    },
    /// SEV-SNP: host data itself.
    HostData([u8; 32]),
}

/// By what a workload is approved.
///
/// SHA-256(`secret-ai/workload/1` ‖ 00 ‖ scheme ‖ fields): scheme 0 RTMR3 48; 1 compose 32, rootfs 32,
/// docker files; 2 compose 32, os image 32, docker files; 3 host data 32. Docker files are one byte 00,
/// or 01 and 32 bytes. dstack's app id is no part of it.
pub fn workload_digest(workload: &Workload<'_>) -> [u8; 32] {
    let hash = |scheme: u8, fields: &[&[u8]]| {
        let scheme = [scheme];
        let mut parts: Vec<&[u8]> = vec![&scheme];
        parts.extend_from_slice(fields);
        sha256(&tagged("secret-ai/workload/1", &parts))
    };
    match workload {
        Workload::Rtmr3(register) => hash(0, &[register]),
        Workload::AttestTool {
            compose_sha256,
            rootfs,
            docker_files_sha256,
        } => hash(1, &[compose_sha256, rootfs, &optional(docker_files_sha256)]),
        Workload::Dstack {
            compose_sha256,
            os_image_sha256,
            docker_files_sha256,
            ..
        } => {
            let files = optional(docker_files_sha256);
            hash(2, &[compose_sha256, os_image_sha256, &files])
        }
        Workload::HostData(data) => hash(3, &[data]),
    }
}

fn optional(digest: &Option<[u8; 32]>) -> Vec<u8> {
    match digest {
        Some(digest) => [&[1][..], digest].concat(),
        None => vec![0],
    }
}

/// RTMR3 of a TD that runs this workload; none for host data, which is no TD's.
pub fn expected_rtmr3(workload: &Workload<'_>) -> Option<[u8; 48]> {
    match workload {
        Workload::Rtmr3(register) => Some(*register),
        Workload::AttestTool {
            compose_sha256,
            rootfs,
            docker_files_sha256,
        } => {
            let digests = [
                Some(compose_sha256),
                Some(rootfs),
                docker_files_sha256.as_ref(),
            ];
            Some(replay_rtmr(digests.into_iter().flatten().map(filled)))
        }
        Workload::Dstack {
            app_id,
            compose_sha256,
            os_image_sha256,
            docker_files_sha256,
        } => {
            let events: [(&str, Option<&[u8]>); 4] = [
                ("app-id", Some(app_id)),
                ("compose-hash", Some(compose_sha256)),
                ("os-image-hash", Some(os_image_sha256)),
                (
                    "docker-files-hash",
                    docker_files_sha256.as_ref().map(|digest| &digest[..]),
                ),
            ];
            let digests = events
                .into_iter()
                .filter_map(|(event, payload)| Some(dstack_event_digest(event, payload?)));
            Some(replay_rtmr(digests))
        }
        Workload::HostData(_) => None,
    }
}

/// RTMR3 of a SecretVM that was measured by its attest tool and has no docker files.
pub fn rtmr3_attest_tool(compose_sha256: &[u8; 32], rootfs: &[u8; 32]) -> [u8; 48] {
    replay_rtmr([compose_sha256, rootfs].into_iter().map(filled))
}

/// What dstack extends a register by for this event.
pub fn dstack_event_digest(event: &str, payload: &[u8]) -> [u8; 48] {
    let kind = DSTACK_EVENT.to_le_bytes();
    sha384(&[&kind, b":", event.as_bytes(), b":", payload])
}

/// A register that began as zeros and was extended by these digests.
pub fn replay_rtmr(digests: impl IntoIterator<Item = [u8; 48]>) -> [u8; 48] {
    digests
        .into_iter()
        .fold([0; 48], |register, digest| sha384(&[&register, &digest]))
}

/// A digest filled up with zeros.
fn filled(digest: &[u8; 32]) -> [u8; 48] {
    let mut filled = [0; 48];
    for (slot, byte) in filled.iter_mut().zip(digest) {
        *slot = *byte;
    }
    filled
}
