//! Whether a configuration has the shape that its schema says: names, what is missing, kinds of values.
//! The library that reads it stops at the first mistake; an operator wants to see all of them.

use schemars::schema::{InstanceType, RootSchema, Schema, SchemaObject, SingleOrVec};
use serde_json::{Map, Value};

/// Full name of a field and what is wrong with it.
type Found = Vec<(String, String)>;

/// All fields of `value` that do not fit.
pub fn problems(root: &RootSchema, value: &Value) -> Found {
    let mut shape = Shape {
        root,
        found: Vec::new(),
    };
    shape.object(&root.schema, value, "");
    shape.found
}

/// What a reference stands for.
pub fn resolve<'a>(root: &'a RootSchema, schema: &'a SchemaObject) -> &'a SchemaObject {
    let name = schema
        .reference
        .as_deref()
        .and_then(|r| r.rsplit('/').next());
    if let Some(Schema::Object(named)) = name.and_then(|name| root.definitions.get(name)) {
        return resolve(root, named);
    }
    // A field with a description refers to its type so.
    let all = schema.subschemas.as_ref().and_then(|s| s.all_of.as_deref());
    match all {
        Some([Schema::Object(one)]) => resolve(root, one),
        _ => schema,
    }
}

/// The alternatives of a schema that has some.
pub fn alternatives<'a>(root: &'a RootSchema, schema: &'a SchemaObject) -> Vec<&'a SchemaObject> {
    let Some(parts) = &schema.subschemas else {
        return Vec::new();
    };
    let list = parts.one_of.as_ref().or(parts.any_of.as_ref());
    let objects = list
        .into_iter()
        .flatten()
        .filter_map(|schema| match schema {
            Schema::Object(object) => Some(resolve(root, object)),
            Schema::Bool(_) => None,
        });
    objects.collect()
}

/// The texts that a schema allows, if it names them: its own and its alternatives'.
pub fn words(root: &RootSchema, schema: &SchemaObject) -> Vec<String> {
    let own = schema.enum_values.iter().flatten();
    let own = own.filter_map(Value::as_str).map(str::to_owned);
    let others = alternatives(root, schema);
    own.chain(others.iter().flat_map(|other| words(root, other)))
        .collect()
}

/// The property whose fixed text tells alternatives apart, and its text in `schema`.
pub fn tag<'a>(root: &'a RootSchema, schema: &'a SchemaObject) -> Option<(&'a str, String)> {
    let properties = &schema.object.as_ref()?.properties;
    properties.iter().find_map(|(name, property)| {
        let Schema::Object(property) = property else {
            return None;
        };
        match words(root, property).as_slice() {
            [word] => Some((name.as_str(), word.clone())),
            _ => None,
        }
    })
}

struct Shape<'a> {
    root: &'a RootSchema,
    found: Found,
}

impl Shape<'_> {
    fn note(&mut self, field: &str, problem: impl Into<String>) {
        self.found.push((field.to_owned(), problem.into()));
    }

    fn schema(&mut self, schema: &Schema, value: &Value, at: &str) {
        if let Schema::Object(object) = schema {
            self.object(object, value, at);
        }
    }

    fn object(&mut self, schema: &SchemaObject, value: &Value, at: &str) {
        let root = self.root;
        let schema = resolve(root, schema);
        let others = alternatives(root, schema);
        if !others.is_empty() {
            return self.choice(&others, value, at);
        }
        if let Some(types) = &schema.instance_type {
            if !fits(types, value) {
                return self.note(at, format!("must be {}", type_name(types)));
            }
        }
        let allowed = words(root, schema);
        if let (Value::String(text), false) = (value, allowed.is_empty()) {
            if !allowed.contains(text) {
                let list = allowed.join(", ");
                return self.note(at, format!("{text:?}, must be one of {list}"));
            }
        }
        let least = schema.number.as_ref().and_then(|number| number.minimum);
        if let (Some(least), Some(number)) = (least, value.as_f64()) {
            if number < least {
                return self.note(at, format!("{value}, must be at least {least}"));
            }
        }
        match value {
            Value::Object(fields) => self.fields(schema, fields, at),
            Value::Array(items) => self.items(schema, items, at),
            _ => {}
        }
    }

    fn fields(&mut self, schema: &SchemaObject, fields: &Map<String, Value>, at: &str) {
        let Some(object) = &schema.object else { return };
        for (name, value) in fields {
            match object.properties.get(name) {
                Some(property) => self.schema(property, value, &join(at, name)),
                None if object.additional_properties.is_some() => {
                    let known: Vec<&str> = object.properties.keys().map(String::as_str).collect();
                    let known = known.join(", ");
                    self.note(&join(at, name), format!("unknown field, known are {known}"));
                }
                None => {}
            }
        }
        for name in object
            .required
            .iter()
            .filter(|name| !fields.contains_key(*name))
        {
            self.note(&join(at, name), "is missing");
        }
    }

    fn items(&mut self, schema: &SchemaObject, items: &[Value], at: &str) {
        let Some(SingleOrVec::Single(each)) =
            schema.array.as_ref().and_then(|array| array.items.as_ref())
        else {
            return;
        };
        for (value, place) in items.iter().zip(0_usize..) {
            self.schema(each, value, &join(at, &place.to_string()));
        }
    }

    /// One of several: the one that the value names by its tag, or the one that fits best.
    fn choice(&mut self, others: &[&SchemaObject], value: &Value, at: &str) {
        let root = self.root;
        let tags: Vec<_> = others.iter().filter_map(|other| tag(root, other)).collect();
        if let (Some((name, _)), true) = (tags.first(), tags.len() == others.len()) {
            let given = value.get(*name);
            let is_chosen = |word: &str| given.and_then(Value::as_str) == Some(word);
            let mut pairs = tags.iter().zip(others);
            return match pairs.find(|((_, word), _)| is_chosen(word)) {
                Some((_, schema)) => self.object(schema, value, at),
                None if given.is_none() => self.note(&join(at, name), "is missing"),
                // A word may have another spelling that the schema does not tell: whoever reads it knows.
                None => {}
            };
        }
        let texts: Vec<String> = others.iter().flat_map(|other| words(root, other)).collect();
        if let (Value::String(text), false) = (value, texts.is_empty()) {
            if !texts.contains(text) {
                let list = texts.join(", ");
                self.note(at, format!("{text:?}, must be one of {list}"));
            }
            return;
        }
        let tries = others.iter().map(|other| {
            let mut shape = Shape {
                root,
                found: Vec::new(),
            };
            shape.object(other, value, at);
            shape.found
        });
        // Of alternatives that fail as a whole, the last one (null) tells least.
        let is_whole = |found: &Found| found.iter().any(|(field, _)| field == at);
        if let Some(best) = tries.min_by_key(|found| (is_whole(found), found.len())) {
            self.found.extend(best);
        }
    }
}

fn fits(types: &SingleOrVec<InstanceType>, value: &Value) -> bool {
    let fits = |one: &InstanceType| match one {
        InstanceType::Null => value.is_null(),
        InstanceType::Boolean => value.is_boolean(),
        InstanceType::Object => value.is_object(),
        InstanceType::Array => value.is_array(),
        InstanceType::Number => value.is_number(),
        InstanceType::String => value.is_string(),
        InstanceType::Integer => value.is_i64() || value.is_u64(),
    };
    match types {
        SingleOrVec::Single(one) => fits(one),
        SingleOrVec::Vec(several) => several.iter().any(fits),
    }
}

/// A type as a reader knows it; `null` goes without saying.
pub fn type_name(types: &SingleOrVec<InstanceType>) -> String {
    let name = |one: &InstanceType| match one {
        InstanceType::Null => None,
        InstanceType::Boolean => Some("true or false"),
        InstanceType::Object => Some("a table"),
        InstanceType::Array => Some("a list"),
        InstanceType::Number => Some("a number"),
        InstanceType::String => Some("a text"),
        InstanceType::Integer => Some("a whole number"),
    };
    let names: Vec<&str> = match types {
        SingleOrVec::Single(one) => name(one).into_iter().collect(),
        SingleOrVec::Vec(several) => several.iter().filter_map(name).collect(),
    };
    names.join(" or ")
}

fn join(at: &str, name: &str) -> String {
    match at.is_empty() {
        true => name.to_owned(),
        false => format!("{at}.{name}"),
    }
}
