//! Whether an answer is one that the API's description has: its status, its kind, its code and its shape.
//! Each test program that speaks HTTP shows its answers here, so that neither can change alone.

use std::sync::OnceLock;

use serde_json::Value;

/// What a server answered.
pub(crate) struct Said<'a> {
    pub(crate) status: u16,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a str,
}

/// The description, read once.
pub(crate) fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| serde_json::from_str(visavis::http::description::text()).unwrap())
}

/// Holds an answer to the description. What no operation is asked for is passed over.
pub(crate) fn expect_described(method: &str, target: &str, said: &Said<'_>) {
    let Some(operation) = operation(method, target) else {
        return;
    };
    let place = format!("{method} {target} answered {} {}", said.status, said.body);
    let answer = &operation["responses"][said.status.to_string()];
    assert!(
        answer.is_object(),
        "a status that is not described: {place}"
    );
    let kind = said.kind.split(';').next().unwrap_or_default().trim();
    let Some(content) = answer.get("content") else {
        assert!(
            said.body.is_empty(),
            "a body that is not described: {place}"
        );
        return;
    };
    let content = &content[kind];
    assert!(content.is_object(), "{kind} is not described: {place}");
    if kind.ends_with("json") {
        let body: Value = serde_json::from_str(said.body).unwrap();
        if let Err(wrong) = holds(&content["schema"], &body) {
            panic!("{wrong}: {place}");
        }
        let known = properties(&content["schema"]);
        // A schema that names none takes any.
        let named = (!known.is_empty()).then_some(&body);
        let fields = named.and_then(Value::as_object).into_iter().flatten();
        for (name, _) in fields {
            assert!(
                known.contains(&name.as_str()),
                "{name} is not described: {place}"
            );
        }
    }
}

fn operation(method: &str, target: &str) -> Option<&'static Value> {
    let path = target.split('?').next().unwrap_or_default();
    let parts: Vec<_> = path.split('/').collect();
    let fits = |template: &str| {
        let wanted: Vec<_> = template.split('/').collect();
        let same = |(wanted, part): (&&str, &&str)| wanted.starts_with('{') || wanted == part;
        wanted.len() == parts.len() && wanted.iter().zip(&parts).all(same)
    };
    let paths = description()["paths"].as_object().unwrap();
    // An address in words wins over one with a name in it.
    let mut found: Vec<_> = paths
        .iter()
        .filter(|(template, _)| fits(template))
        .collect();
    found.sort_by_key(|(template, _)| template.matches('{').count());
    let (_, item) = found.first()?;
    item.get(method.to_lowercase())
}

/// The names that an object may have.
fn properties(schema: &'static Value) -> Vec<&'static str> {
    let schema = resolved(schema);
    let own = schema["properties"].as_object().into_iter().flatten();
    let parts = ["allOf", "oneOf"]
        .into_iter()
        .filter_map(|name| schema[name].as_array())
        .flatten();
    own.map(|(name, _)| name.as_str())
        .chain(parts.flat_map(properties))
        .collect()
}

fn resolved(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(name) => description()
            .pointer(name.trim_start_matches('#'))
            .expect("a schema that is there"),
        None => schema,
    }
}

/// As much of JSON Schema as the description uses.
fn holds(schema: &'static Value, value: &Value) -> Result<(), String> {
    let schema = resolved(schema);
    let is_of = |kind: &Value| match kind.as_str() {
        Some("object") => value.is_object(),
        Some("array") => value.is_array(),
        Some("string") => value.is_string(),
        Some("integer") => value.is_i64() || value.is_u64(),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        _ => false,
    };
    let is_right = match &schema["type"] {
        Value::Null => true,
        Value::Array(kinds) => kinds.iter().any(is_of),
        kind => is_of(kind),
    };
    if !is_right {
        return Err(format!("{value} is no {}", schema["type"]));
    }
    if let Some(known) = schema["enum"].as_array()
        && !known.contains(value)
    {
        return Err(format!("{value} is none of {}", schema["enum"]));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        holds(part, value)?;
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fitting = choices.iter().filter(|one| holds(one, value).is_ok());
        if fitting.count() != 1 {
            return Err(format!("{value} is not one of {} kinds", choices.len()));
        }
    }
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap_or_default()).is_none() {
            return Err(format!("{name} is missing in {value}"));
        }
    }
    for (name, of) in value.as_object().into_iter().flatten() {
        if let Some(schema) = schema["properties"].get(name) {
            holds(schema, of)?;
        } else if schema["additionalProperties"].is_object() {
            holds(&schema["additionalProperties"], of)?;
        }
    }
    if schema["items"].is_object() {
        for item in value.as_array().into_iter().flatten() {
            holds(&schema["items"], item)?;
        }
    }
    Ok(())
}
