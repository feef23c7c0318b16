//! Chat templates: the Jinja program that turns messages into one prompt
//! (<https://huggingface.co/docs/transformers/chat_templating>). It comes with a model, in its GGUF file or
//! beside its `tokenizer.json`.

use minijinja::{Environment, Error, ErrorKind, Value};

const NAME: &str = "chat";

/// A template that has been read.
pub(crate) struct ChatTemplate(Environment<'static>);

impl ChatTemplate {
    /// Reads a template; its undefined variables are empty, as Transformers has them.
    ///
    /// # Errors
    /// A template that does not parse.
    pub(crate) fn new(source: impl Into<String>) -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_trim_blocks(true);
        environment.set_lstrip_blocks(true);
        environment
            .set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        environment.add_function("raise_exception", |text: String| -> Result<String, Error> {
            Err(Error::new(ErrorKind::InvalidOperation, text))
        });
        environment.add_template_owned(NAME, source.into())?;
        Ok(Self(environment))
    }

    /// The prompt of these values.
    ///
    /// # Errors
    /// What the template refuses. Its text may quote messages: only its kind may go on.
    pub(crate) fn render(&self, values: Value) -> Result<String, Error> {
        self.0.get_template(NAME)?.render(values)
    }
}
