//! The one description of what can be configured, made from the structs: a JSON Schema for machines and
//! a table for people. A test keeps both files fresh.

use std::collections::BTreeMap;
use std::fmt::Write;

use schemars::schema::{ObjectValidation, RootSchema, Schema, SchemaObject, SingleOrVec};
use serde_json::Value;

use super::shape::{alternatives, resolve, tag, type_name, words};
use super::{Config, ENV_PREFIX};

const HEAD: &str = "# Configuration of the worker agent

Made from the code by `secret-ai-worker config-reference`; do not edit. The same as a JSON Schema:
[worker-config.json](../schema/worker-config.json), from `secret-ai-worker config-schema`.

A value is taken from the first of these that has it: a flag (`--set settle.pages=2`, or a flag of its own),
the environment (names below; a list cannot be changed there item by item), the file (`--config`, TOML). Secrets are never
values, only paths of files. `secret-ai-worker check-config` names everything that is wrong at once, and with `--online`
asks chain, engines and TEE, too.
";

/// Ends of names that tell a unit.
const SUFFIXES: [(&str, &str); 6] = [
    ("_ms", "milliseconds"),
    ("_s", "seconds"),
    ("requests_per_minute", "requests / min"),
    ("tokens_per_minute", "tokens / min"),
    ("_per_minute", "per min"),
    ("_milli", "thousandths"),
];
/// Units that descriptions name.
const UNITS: [&str; 5] = ["bytes", "gas", "tokens", "seconds", "base units"];

/// The JSON Schema, its defaults in the order of their names: how else a build orders them depends on what
/// is built beside it.
pub fn schema() -> RootSchema {
    let made = schemars::schema_for!(Config);
    let sorted = serde_json::to_value(&made).map(sorted);
    sorted.and_then(serde_json::from_value).unwrap_or(made)
}

fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(name, value)| (name, sorted(value)));
            let fields: BTreeMap<String, Value> = fields.collect();
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(values) => values.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// docs/configuration.md.
pub fn markdown() -> String {
    let root = schema();
    let mut page = Page {
        root: &root,
        text: HEAD.to_owned(),
    };
    page.table("", &root.schema, &[]);
    page.text
}

struct Page<'a> {
    root: &'a RootSchema,
    text: String,
}

/// A line of a table.
struct Row<'a> {
    path: Vec<String>,
    schema: &'a SchemaObject,
    required: bool,
    in_list: bool,
}

impl<'a> Page<'a> {
    /// One table with a heading, then the tables inside of it.
    fn table(&mut self, note: &str, schema: &'a SchemaObject, path: &[String]) {
        let Some(object) = schema.object.as_deref() else {
            return;
        };
        let in_list = path.iter().any(|part| part.ends_with("[]"));
        let (rows, tables) = self.sort(object, path, in_list);
        let name = match (path, in_list) {
            ([], _) => "Top level".to_owned(),
            (path, true) => format!("`[[{}]]`", path.join(".").replace("[]", "")),
            (path, false) => format!("`[{}]`", path.join(".")),
        };
        let note = match note.is_empty() {
            true => String::new(),
            false => format!(" with {note}"),
        };
        let what = match (path, describe(schema)) {
            ([], _) => String::new(),
            (_, text) => text,
        };
        let head = "| field | type | default | unit | environment | what |\n| --- | --- | --- | --- | --- | --- |\n";
        let _ = write!(self.text, "\n## {name}{note}\n\n");
        if !what.is_empty() {
            let _ = write!(self.text, "{what}\n\n");
        }
        if !rows.is_empty() {
            self.text.push_str(head);
        }
        for row in &rows {
            self.row(row);
        }
        for (path, schema) in tables {
            let others = alternatives(self.root, schema);
            let kinds: Vec<_> = others
                .iter()
                .filter_map(|other| tag(self.root, other).map(|tag| (tag, *other)))
                .collect();
            if kinds.is_empty() {
                self.table("", schema, &path);
            }
            for ((field, word), other) in kinds {
                self.table(&format!("`{field} = \"{word}\"`"), other, &path);
            }
        }
    }

    /// What is a line of this table, and what is a table of its own.
    #[allow(clippy::type_complexity)]
    fn sort(
        &self,
        object: &'a ObjectValidation,
        path: &[String],
        in_list: bool,
    ) -> (Vec<Row<'a>>, Vec<(Vec<String>, &'a SchemaObject)>) {
        let (mut rows, mut tables) = (Vec::new(), Vec::new());
        for (name, property) in &object.properties {
            let Schema::Object(schema) = property else {
                continue;
            };
            let mut path = path.to_vec();
            path.push(name.clone());
            match self.inner(schema) {
                Some((inner, false)) => tables.push((path, inner)),
                Some((inner, true)) => {
                    if let Some(last) = path.last_mut() {
                        last.push_str("[]");
                    }
                    tables.push((path, inner));
                }
                None => rows.push(Row {
                    path,
                    schema,
                    required: object.required.contains(name),
                    in_list,
                }),
            }
        }
        (rows, tables)
    }

    /// The table that a field holds, and whether it holds a list of them.
    fn inner(&self, schema: &'a SchemaObject) -> Option<(&'a SchemaObject, bool)> {
        let schema = self.present(schema);
        let is_table = |s: &SchemaObject| {
            s.object.is_some()
                || alternatives(self.root, s)
                    .iter()
                    .any(|o| o.object.is_some())
        };
        if is_table(schema) {
            return Some((schema, false));
        }
        let items = schema.array.as_ref()?.items.as_ref()?;
        let SingleOrVec::Single(item) = items else {
            return None;
        };
        let Schema::Object(item) = item.as_ref() else {
            return None;
        };
        let item = resolve(self.root, item);
        is_table(item).then_some((item, true))
    }

    /// What an optional field is when it is there.
    fn present(&self, schema: &'a SchemaObject) -> &'a SchemaObject {
        let schema = resolve(self.root, schema);
        match alternatives(self.root, schema).as_slice() {
            [one, null] if is_null(null) => one,
            _ => schema,
        }
    }

    fn row(&mut self, row: &Row<'_>) {
        let name = row.path.last().map_or("", String::as_str);
        let what = describe(row.schema);
        let schema = resolve(self.root, row.schema);
        let allowed = words(self.root, schema);
        let kind = match allowed.is_empty() {
            true => schema
                .instance_type
                .as_ref()
                .map(type_name)
                .unwrap_or_default(),
            false => allowed
                .iter()
                .map(|w| format!("`{w}`"))
                .collect::<Vec<_>>()
                .join(", "),
        };
        let default = row
            .schema
            .metadata
            .as_ref()
            .and_then(|m| m.default.as_ref());
        let default = match (row.required, default) {
            (true, _) => "required".to_owned(),
            (false, None | Some(Value::Null)) => "none".to_owned(),
            (false, Some(value)) => format!("`{value}`"),
        };
        let variable = match row.in_list {
            true => "".to_owned(),
            false => format!("`{ENV_PREFIX}{}`", row.path.join("__").to_uppercase()),
        };
        let unit = unit(name, &what);
        let _ = writeln!(
            self.text,
            "| `{name}` | {kind} | {default} | {unit} | {variable} | {what} |"
        );
    }
}

fn is_null(schema: &SchemaObject) -> bool {
    schema
        .instance_type
        .as_ref()
        .map(type_name)
        .is_some_and(|name| name.is_empty())
}

fn describe(schema: &SchemaObject) -> String {
    let metadata = schema.metadata.as_ref();
    let text = metadata
        .and_then(|m| m.description.clone())
        .unwrap_or_default();
    text.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace('|', "\\|")
}

fn unit(name: &str, what: &str) -> &'static str {
    let by_name = SUFFIXES.iter().find(|(end, _)| name.ends_with(end));
    let named = |unit: &&&str| {
        what.contains(&format!(", {unit}"))
            || what.starts_with(&format!("{}{} ", unit[..1].to_uppercase(), &unit[1..]))
    };
    by_name
        .map(|(_, unit)| *unit)
        .or(UNITS.iter().find(named).copied())
        .unwrap_or("")
}
