//! The committed schemas are those of the code, and the Secret AI SDKs' messages fit them.

#[path = "../examples/schema/generate.rs"]
mod generate;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use secret_ai_interface::registry::QueryMsg;

#[test]
fn committed_schemas_are_fresh() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schema");
    let mut expected = BTreeSet::new();
    for (name, text) in generate::generate() {
        let committed = fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            committed == text + "\n",
            "schema/{name} is stale: run `make schema`"
        );
        expected.insert(name.to_string());
    }
    let present: BTreeSet<_> = fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        // The agent's own test looks after it.
        .filter(|name| name != "worker-config.json")
        .collect();
    assert_eq!(
        present, expected,
        "schema/ holds files that nothing generates"
    );
}

/// Wire names that today's SDKs hard-code.
#[test]
fn sdk_queries_have_their_names() {
    for json in [
        r#"{"get_models":{}}"#,
        r#"{"get_u_r_ls":{}}"#,
        r#"{"get_u_r_ls":{"model":"m"}}"#,
    ] {
        assert!(serde_json::from_str::<QueryMsg>(json).is_ok(), "{json}");
    }
}
