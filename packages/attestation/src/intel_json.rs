//! Intel's TCB info (version 3) and QE identity (version 2), read after their signature was checked
//! over the exact bytes. Unknown fields are passed over; numbers are integers only.

use core::cmp::Reverse;

use serde::Deserialize;

use crate::collateral::{ModuleSigner, QeIdentity, TcbLevel, TdxModule};
use crate::error::{Error, Item};
use crate::tcb::{Advisory, TcbStatus, Verdict};
use crate::time::rfc3339;

/// What is kept of a TCB info.
pub(crate) struct TcbInfo {
    pub issued: u64,
    pub next_update: u64,
    pub evaluation_number: u32,
    pub fmspc: [u8; 6],
    pub pce_id: [u8; 2],
    pub base_module: ModuleSigner,
    pub modules: Vec<TdxModule>,
    pub levels: Vec<TcbLevel>,
}

/// What is kept of a QE identity.
pub(crate) struct QeIdentityInfo {
    pub issued: u64,
    pub next_update: u64,
    pub evaluation_number: u32,
    pub identity: QeIdentity,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TcbInfoJson {
    id: String,
    version: u32,
    issue_date: String,
    next_update: String,
    fmspc: String,
    pce_id: String,
    tcb_type: u32,
    tcb_evaluation_data_number: u32,
    tdx_module: ModuleJson,
    #[serde(default)]
    tdx_module_identities: Vec<ModuleIdentityJson>,
    tcb_levels: Vec<LevelJson<PlatformTcbJson>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleJson {
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ModuleIdentityJson {
    id: String,
    mrsigner: String,
    attributes: String,
    attributes_mask: String,
    tcb_levels: Vec<LevelJson<IsvSvnJson>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct LevelJson<T> {
    tcb: T,
    tcb_date: String,
    tcb_status: String,
    #[serde(rename = "advisoryIDs", default)]
    advisory_ids: Vec<String>,
}

#[derive(Deserialize)]
struct IsvSvnJson {
    isvsvn: u16,
}

#[derive(Deserialize)]
struct PlatformTcbJson {
    sgxtcbcomponents: Vec<ComponentJson>,
    pcesvn: u16,
    tdxtcbcomponents: Vec<ComponentJson>,
}

#[derive(Deserialize)]
struct ComponentJson {
    svn: u8,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct QeIdentityJson {
    id: String,
    version: u32,
    issue_date: String,
    next_update: String,
    tcb_evaluation_data_number: u32,
    miscselect: String,
    miscselect_mask: String,
    attributes: String,
    attributes_mask: String,
    mrsigner: String,
    isvprodid: u16,
    tcb_levels: Vec<LevelJson<IsvSvnJson>>,
}

/// Reads a TCB info, which must be of version 3 and for TDX.
pub(crate) fn parse_tcb_info(bytes: &[u8]) -> Result<TcbInfo, Error> {
    let item = Item::TcbInfo;
    let json: TcbInfoJson = parse(bytes, item)?;
    if json.id != "TDX" || json.version != 3 || json.tcb_type != 0 {
        return Err(Error::Kind(item, "id, version or tcbType"));
    }
    let mut levels = json
        .tcb_levels
        .iter()
        .map(platform_level)
        .collect::<Result<Vec<TcbLevel>, Error>>()?;
    levels.sort_by_key(|level| Reverse((level.sgx, level.pce_svn, level.tdx)));
    Ok(TcbInfo {
        issued: date(&json.issue_date, item)?,
        next_update: date(&json.next_update, item)?,
        evaluation_number: json.tcb_evaluation_data_number,
        fmspc: hex(&json.fmspc, item)?,
        pce_id: hex(&json.pce_id, item)?,
        base_module: ModuleSigner {
            mr_signer: hex(&json.tdx_module.mrsigner, item)?,
            attributes: hex(&json.tdx_module.attributes, item)?,
            attributes_mask: hex(&json.tdx_module.attributes_mask, item)?,
        },
        modules: json
            .tdx_module_identities
            .iter()
            .map(module)
            .collect::<Result<_, _>>()?,
        levels,
    })
}

/// Reads a QE identity, which must be of version 2 and of the TD quoting enclave.
pub(crate) fn parse_qe_identity(bytes: &[u8]) -> Result<QeIdentityInfo, Error> {
    let item = Item::QeIdentity;
    let json: QeIdentityJson = parse(bytes, item)?;
    if json.id != "TD_QE" || json.version != 2 {
        return Err(Error::Kind(item, "id or version"));
    }
    let identity = QeIdentity {
        // Intel writes the four bytes as the enclave's memory holds them: little-endian.
        miscselect: u32::from_le_bytes(hex(&json.miscselect, item)?),
        miscselect_mask: u32::from_le_bytes(hex(&json.miscselect_mask, item)?),
        attributes: hex(&json.attributes, item)?,
        attributes_mask: hex(&json.attributes_mask, item)?,
        mr_signer: hex(&json.mrsigner, item)?,
        isv_prod_id: json.isvprodid,
        levels: svn_levels(&json.tcb_levels, item)?,
    };
    Ok(QeIdentityInfo {
        issued: date(&json.issue_date, item)?,
        next_update: date(&json.next_update, item)?,
        evaluation_number: json.tcb_evaluation_data_number,
        identity,
    })
}

fn parse<T: serde::de::DeserializeOwned>(bytes: &[u8], item: Item) -> Result<T, Error> {
    serde_json_wasm::from_slice(bytes).map_err(|_| Error::Json(item, "structure"))
}

fn platform_level(level: &LevelJson<PlatformTcbJson>) -> Result<TcbLevel, Error> {
    Ok(TcbLevel {
        sgx: components(&level.tcb.sgxtcbcomponents)?,
        pce_svn: level.tcb.pcesvn,
        tdx: components(&level.tcb.tdxtcbcomponents)?,
        verdict: verdict(level, Item::TcbInfo)?,
    })
}

fn components(list: &[ComponentJson]) -> Result<[u8; 16], Error> {
    let list: &[ComponentJson; 16] = list
        .try_into()
        .map_err(|_| Error::Json(Item::TcbInfo, "not 16 components"))?;
    let mut svns = [0u8; 16];
    for (svn, component) in svns.iter_mut().zip(list) {
        *svn = component.svn;
    }
    Ok(svns)
}

fn module(json: &ModuleIdentityJson) -> Result<TdxModule, Error> {
    let item = Item::TcbInfo;
    let version: [u8; 1] = hex(
        json.id
            .strip_prefix("TDX_")
            .ok_or(Error::Json(item, "TDX module id"))?,
        item,
    )?;
    let levels = svn_levels(&json.tcb_levels, item)?
        .into_iter()
        .map(|(svn, verdict)| match u8::try_from(svn) {
            Ok(svn) => Ok((svn, verdict)),
            Err(_) => Err(Error::Json(item, "TDX module ISVSVN above 255")),
        })
        .collect::<Result<_, _>>()?;
    let [version] = version;
    Ok(TdxModule {
        version,
        signer: ModuleSigner {
            mr_signer: hex(&json.mrsigner, item)?,
            attributes: hex(&json.attributes, item)?,
            attributes_mask: hex(&json.attributes_mask, item)?,
        },
        levels,
    })
}

fn svn_levels(levels: &[LevelJson<IsvSvnJson>], item: Item) -> Result<Vec<(u16, Verdict)>, Error> {
    let mut levels = levels
        .iter()
        .map(|level| Ok((level.tcb.isvsvn, verdict(level, item)?)))
        .collect::<Result<Vec<_>, Error>>()?;
    levels.sort_by_key(|(svn, _)| Reverse(*svn));
    Ok(levels)
}

fn verdict<T>(level: &LevelJson<T>, item: Item) -> Result<Verdict, Error> {
    Ok(Verdict {
        // The two relaunch statuses are results of comparing, Intel never publishes them.
        status: TcbStatus::from_name(&level.tcb_status)
            .filter(|status| {
                !matches!(
                    status,
                    TcbStatus::TdRelaunchAdvised | TcbStatus::TdRelaunchAdvisedConfigurationNeeded
                )
            })
            .ok_or(Error::Json(item, "tcbStatus"))?,
        date: date(&level.tcb_date, item)?,
        advisories: level
            .advisory_ids
            .iter()
            .map(|id| Advisory::from_id(id))
            .collect(),
    })
}

fn date(text: &str, item: Item) -> Result<u64, Error> {
    rfc3339(text).ok_or(Error::Json(item, "date"))
}

/// Exactly `2 N` hex digits of either case.
fn hex<const N: usize>(text: &str, item: Item) -> Result<[u8; N], Error> {
    let error = Error::Json(item, "hex field");
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != N {
        return Err(error);
    }
    let mut bytes = [0u8; N];
    for (byte, pair) in bytes.iter_mut().zip(pairs) {
        *byte = hex_byte(pair).ok_or(error)?;
    }
    Ok(bytes)
}

/// Two hex digits of either case.
pub(crate) fn hex_byte(pair: &[u8; 2]) -> Option<u8> {
    let [high, low] = pair.map(|digit| char::from(digit).to_digit(16));
    high.zip(low)
        .and_then(|(high, low)| u8::try_from((high << 4) | low).ok())
}
