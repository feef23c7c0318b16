//! Generations of processors, kinds of signing keys, security patch levels.

use core::fmt;

/// A generation of EPYC processors with SEV-SNP, each with its own root key. Bergamo and Siena belong
/// to Genoa.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Product {
    Milan = 0,
    Genoa = 1,
    Turin = 2,
}

impl Product {
    pub const ALL: [Product; 3] = [Product::Milan, Product::Genoa, Product::Turin];

    /// AMD's name.
    pub fn name(self) -> &'static str {
        match self {
            Product::Milan => "Milan",
            Product::Genoa => "Genoa",
            Product::Turin => "Turin",
        }
    }

    /// The product of AMD's name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.name() == name)
    }

    /// The product of its byte in stored forms.
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|product| *product as u8 == byte)
    }

    /// The product of a processor, by the combined family and model of CPUID.
    pub fn from_cpuid(family: u8, model: u8) -> Option<Self> {
        match (family, model) {
            (0x19, 0x00..=0x0f) => Some(Product::Milan),
            (0x19, 0x10..=0x1f | 0xa0..=0xaf) => Some(Product::Genoa),
            (0x1a, 0x00..=0x11) => Some(Product::Turin),
            _ => None,
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Whose key signs reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Signer {
    /// The chip's: versioned chip endorsement key.
    Vcek = 0,
    /// A cloud provider's, loaded into its chips: versioned loaded endorsement key.
    Vlek = 1,
}

impl Signer {
    pub fn name(self) -> &'static str {
        match self {
            Signer::Vcek => "VCEK",
            Signer::Vlek => "VLEK",
        }
    }

    /// The signer of its byte in stored forms, which is also its number in reports.
    pub fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Signer::Vcek),
            1 => Some(Signer::Vlek),
            _ => None,
        }
    }
}

impl fmt::Display for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Security patch levels of a platform's parts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tcb {
    /// Firmware of the security processor's first stage; 0 on products before Turin.
    pub fmc: u8,
    pub boot_loader: u8,
    pub tee: u8,
    pub snp: u8,
    pub microcode: u8,
}

impl Tcb {
    /// Whether no part is older than in `other`.
    pub fn at_least(&self, other: &Tcb) -> bool {
        let parts = |tcb: &Tcb| [tcb.fmc, tcb.boot_loader, tcb.tee, tcb.snp, tcb.microcode];
        parts(self)
            .into_iter()
            .zip(parts(other))
            .all(|(have, need)| have >= need)
    }

    /// The eight bytes of a report's TCB_VERSION (AMD 56860 §2.2, little-endian u64).
    pub fn to_bytes(&self, product: Product) -> [u8; 8] {
        let Tcb {
            fmc,
            boot_loader,
            tee,
            snp,
            microcode,
        } = *self;
        match product {
            Product::Milan | Product::Genoa => [boot_loader, tee, 0, 0, 0, 0, snp, microcode],
            Product::Turin => [fmc, boot_loader, tee, snp, 0, 0, 0, microcode],
        }
    }

    /// Reads a report's TCB_VERSION; none if a reserved byte is not zero.
    pub fn from_bytes(bytes: [u8; 8], product: Product) -> Option<Self> {
        match (product, bytes) {
            (Product::Milan | Product::Genoa, [boot_loader, tee, 0, 0, 0, 0, snp, microcode]) => {
                Some(Tcb {
                    fmc: 0,
                    boot_loader,
                    tee,
                    snp,
                    microcode,
                })
            }
            (Product::Turin, [fmc, boot_loader, tee, snp, 0, 0, 0, microcode]) => Some(Tcb {
                fmc,
                boot_loader,
                tee,
                snp,
                microcode,
            }),
            _ => None,
        }
    }
}

impl fmt::Display for Tcb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "FMC {} boot loader {} TEE {} SNP {} microcode {}",
            self.fmc, self.boot_loader, self.tee, self.snp, self.microcode
        )
    }
}
