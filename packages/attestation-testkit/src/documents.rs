//! TCB info and QE identity in the shape of Intel's JSON.

use crate::time::rfc3339;

/// A TCB level of the platform.
#[derive(Clone, Debug)]
pub struct Level {
    pub sgx: [u8; 16],
    pub pce_svn: u8,
    pub tdx: [u8; 16],
    pub status: &'static str,
    pub date: u64,
    pub advisories: Vec<&'static str>,
}

/// A level of a TDX module or of the quoting enclave.
#[derive(Clone, Debug)]
pub struct SvnLevel {
    pub isv_svn: u8,
    pub status: &'static str,
    pub date: u64,
    pub advisories: Vec<&'static str>,
}

/// TCB info, version 3, with TDX modules of major version 1.
#[derive(Clone, Debug)]
pub struct TcbInfo {
    pub id: &'static str,
    pub issued: u64,
    pub next_update: u64,
    pub evaluation_number: u32,
    pub fmspc: [u8; 6],
    pub pce_id: [u8; 2],
    pub module_levels: Vec<SvnLevel>,
    pub levels: Vec<Level>,
}

/// QE identity, version 2.
#[derive(Clone, Debug)]
pub struct QeIdentity {
    pub id: &'static str,
    pub issued: u64,
    pub next_update: u64,
    pub evaluation_number: u32,
    pub mr_signer: [u8; 32],
    pub isv_prod_id: u16,
    pub levels: Vec<SvnLevel>,
}

impl TcbInfo {
    pub fn json(&self) -> String {
        let levels: Vec<String> = self.levels.iter().map(level).collect();
        let zeros = "0".repeat(96);
        let signer = format!(
            r#""mrsigner":"{zeros}","attributes":"0000000000000000","attributesMask":"FFFFFFFFFFFFFFFF""#
        );
        format!(
            concat!(
                r#"{{"id":"{}","version":3,"issueDate":"{}","nextUpdate":"{}","fmspc":"{}","#,
                r#""pceId":"{}","tcbType":0,"tcbEvaluationDataNumber":{},"tdxModule":{{{}}},"#,
                r#""tdxModuleIdentities":[{{"id":"TDX_01",{},"tcbLevels":[{}]}}],"#,
                r#""tcbLevels":[{}]}}"#
            ),
            self.id,
            rfc3339(self.issued),
            rfc3339(self.next_update),
            hex(&self.fmspc),
            hex(&self.pce_id),
            self.evaluation_number,
            signer,
            signer,
            svn_levels(&self.module_levels),
            levels.join(","),
        )
    }
}

impl QeIdentity {
    pub fn json(&self) -> String {
        format!(
            concat!(
                r#"{{"id":"{}","version":2,"issueDate":"{}","nextUpdate":"{}","#,
                r#""tcbEvaluationDataNumber":{},"miscselect":"00000000","#,
                r#""miscselectMask":"FFFFFFFF","attributes":"11000000000000000000000000000000","#,
                r#""attributesMask":"FBFFFFFFFFFFFFFF0000000000000000","mrsigner":"{}","#,
                r#""isvprodid":{},"tcbLevels":[{}]}}"#
            ),
            self.id,
            rfc3339(self.issued),
            rfc3339(self.next_update),
            self.evaluation_number,
            hex(&self.mr_signer),
            self.isv_prod_id,
            svn_levels(&self.levels),
        )
    }
}

fn level(level: &Level) -> String {
    let components = |svns: &[u8; 16]| {
        let list: Vec<String> = svns
            .iter()
            .map(|svn| format!(r#"{{"svn":{svn}}}"#))
            .collect();
        list.join(",")
    };
    let tcb = format!(
        r#""sgxtcbcomponents":[{}],"pcesvn":{},"tdxtcbcomponents":[{}]"#,
        components(&level.sgx),
        level.pce_svn,
        components(&level.tdx)
    );
    with_verdict(&tcb, level.status, level.date, &level.advisories)
}

fn svn_levels(levels: &[SvnLevel]) -> String {
    let list: Vec<String> = levels
        .iter()
        .map(|level| {
            let tcb = format!(r#""isvsvn":{}"#, level.isv_svn);
            with_verdict(&tcb, level.status, level.date, &level.advisories)
        })
        .collect();
    list.join(",")
}

fn with_verdict(tcb: &str, status: &str, date: u64, advisories: &[&str]) -> String {
    let ids: Vec<String> = advisories.iter().map(|id| format!(r#""{id}""#)).collect();
    let ids = match ids.is_empty() {
        true => String::new(),
        false => format!(r#","advisoryIDs":[{}]"#, ids.join(",")),
    };
    format!(
        r#"{{"tcb":{{{tcb}}},"tcbDate":"{}","tcbStatus":"{status}"{ids}}}"#,
        rfc3339(date)
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}
