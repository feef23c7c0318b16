//! TCB statuses, advisories and levels, and how statuses of several parts become one.

use core::fmt;

use crate::crypto::sha256;

/// How far a platform is patched, in Intel's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum TcbStatus {
    UpToDate = 0,
    SwHardeningNeeded = 1,
    ConfigurationNeeded = 2,
    ConfigurationAndSwHardeningNeeded = 3,
    OutOfDate = 4,
    OutOfDateConfigurationNeeded = 5,
    /// The TD was launched under an outdated TDX module that has been updated since (TDX 1.5).
    TdRelaunchAdvised = 6,
    TdRelaunchAdvisedConfigurationNeeded = 7,
    Revoked = 8,
}

/// Each status with the name that Intel's JSON gives it.
const STATUSES: [(TcbStatus, &str); 9] = [
    (TcbStatus::UpToDate, "UpToDate"),
    (TcbStatus::SwHardeningNeeded, "SWHardeningNeeded"),
    (TcbStatus::ConfigurationNeeded, "ConfigurationNeeded"),
    (
        TcbStatus::ConfigurationAndSwHardeningNeeded,
        "ConfigurationAndSWHardeningNeeded",
    ),
    (TcbStatus::OutOfDate, "OutOfDate"),
    (
        TcbStatus::OutOfDateConfigurationNeeded,
        "OutOfDateConfigurationNeeded",
    ),
    (TcbStatus::TdRelaunchAdvised, "TDRelaunchAdvised"),
    (
        TcbStatus::TdRelaunchAdvisedConfigurationNeeded,
        "TDRelaunchAdvisedConfigurationNeeded",
    ),
    (TcbStatus::Revoked, "Revoked"),
];

impl TcbStatus {
    /// The status of this name in Intel's spelling.
    pub fn from_name(name: &str) -> Option<Self> {
        STATUSES
            .iter()
            .find(|(_, text)| *text == name)
            .map(|(status, _)| *status)
    }

    /// The status of this discriminant.
    pub fn from_byte(byte: u8) -> Option<Self> {
        STATUSES
            .iter()
            .map(|(status, _)| *status)
            .find(|status| *status as u8 == byte)
    }

    /// The name in Intel's spelling.
    pub fn name(self) -> &'static str {
        STATUSES
            .iter()
            .find(|(status, _)| *status == self)
            .map_or("", |(_, name)| name)
    }

    /// The status of a platform of which one part (TDX module or QE) has status `part`: only an
    /// outdated or revoked part changes it (Intel's quote verification library does the same).
    pub fn with_part(self, part: TcbStatus) -> TcbStatus {
        use TcbStatus::*;
        match (part, self) {
            (Revoked, _) => Revoked,
            (OutOfDate, UpToDate | SwHardeningNeeded) => OutOfDate,
            (OutOfDate, ConfigurationNeeded | ConfigurationAndSwHardeningNeeded) => {
                OutOfDateConfigurationNeeded
            }
            _ => self,
        }
    }

    /// The status of a TD launched at status `self` on a platform that is at `current` now.
    pub fn with_current(self, current: TcbStatus) -> TcbStatus {
        use TcbStatus::*;
        let configure = |status| {
            matches!(
                status,
                ConfigurationNeeded
                    | ConfigurationAndSwHardeningNeeded
                    | OutOfDateConfigurationNeeded
            )
        };
        match (self.is_out_of_date(), current) {
            (_, Revoked) => Revoked,
            (
                true,
                UpToDate
                | SwHardeningNeeded
                | ConfigurationNeeded
                | ConfigurationAndSwHardeningNeeded,
            ) if configure(self) || configure(current) => TdRelaunchAdvisedConfigurationNeeded,
            (
                true,
                UpToDate
                | SwHardeningNeeded
                | ConfigurationNeeded
                | ConfigurationAndSwHardeningNeeded,
            ) => TdRelaunchAdvised,
            _ => self,
        }
    }

    /// Whether a newer level than the platform's exists, `Revoked` apart.
    pub fn is_out_of_date(self) -> bool {
        matches!(
            self,
            TcbStatus::OutOfDate | TcbStatus::OutOfDateConfigurationNeeded
        )
    }
}

impl fmt::Display for TcbStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A security advisory. Kept in four bytes: a kind and the number in it, so that Intel's lists stay
/// small in a contract's storage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Advisory(pub(crate) u32);

/// The kinds with a number, in order of their first byte.
const ADVISORY_KINDS: [&str; 2] = ["INTEL-SA-", "INTEL-DOC-"];
const ADVISORY_OTHER: u8 = 0xff;

impl Advisory {
    /// Reads an advisory id such as `INTEL-SA-00837`. A text of no known kind becomes a kind of its
    /// own, told apart by 24 bits of its SHA-256: it can be denied, though not printed.
    pub fn from_id(id: &str) -> Self {
        for (kind, prefix) in (0u8..).zip(ADVISORY_KINDS) {
            let number = id.strip_prefix(prefix).filter(|digits| {
                digits.len() == 5 && digits.bytes().all(|byte| byte.is_ascii_digit())
            });
            if let Some(number) = number.and_then(|digits| digits.parse::<u32>().ok()) {
                let [_, a, b, c] = number.to_be_bytes();
                return Advisory(u32::from_be_bytes([kind, a, b, c]));
            }
        }
        let [a, b, c, ..] = sha256(&[id.as_bytes()]);
        Advisory(u32::from_be_bytes([ADVISORY_OTHER, a, b, c]))
    }

    /// The four bytes in which it is kept.
    pub fn to_bytes(self) -> [u8; 4] {
        self.0.to_be_bytes()
    }

    /// What [`Self::to_bytes`] made.
    pub fn from_bytes(bytes: [u8; 4]) -> Self {
        Advisory(u32::from_be_bytes(bytes))
    }
}

impl fmt::Display for Advisory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [kind, a, b, c] = self.0.to_be_bytes();
        let number = u32::from_be_bytes([0, a, b, c]);
        match ADVISORY_KINDS.get(usize::from(kind)) {
            Some(prefix) => write!(f, "{prefix}{number:05}"),
            None => write!(f, "other-{number:06x}"),
        }
    }
}

/// What Intel says of one TCB level.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub status: TcbStatus,
    /// TCB date in Unix seconds: all fixes published until then are in.
    pub date: u64,
    pub advisories: Vec<Advisory>,
}
