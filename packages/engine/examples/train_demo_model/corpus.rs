//! Conversations to learn from: the blocks of `demo-model/corpus.txt`, asked in many forms, and short
//! stories put together from phrases.

use secret_ai_engine::embedded::Rng;

/// One question or request, with its answer.
pub struct Exchange {
    pub ask: String,
    pub say: String,
}

struct Block {
    asks: Vec<String>,
    says: Vec<String>,
}

/// All that the model can be asked.
pub struct Corpus {
    blocks: Vec<Block>,
}

const FRAMES: &[&str] = &[
    "What is {}?",
    "What is {}?",
    "What exactly is {}?",
    "Explain {}.",
    "Please explain {}.",
    "Tell me about {}.",
    "Can you explain {}?",
    "Describe {}.",
    "What do you know about {}?",
    "What does {} mean?",
];

const HEROES: &[&str] = &[
    "a small worker",
    "a young operator",
    "an old machine",
    "a curious user",
    "a tired validator",
    "a quiet contract",
];
const PLACES: &[&str] = &[
    "at the edge of the network",
    "in a cold room",
    "behind a green door",
    "on a quiet chain",
];
const WISHES: &[&str] = &[
    "wanted to be trusted",
    "had a secret to keep",
    "looked for an honest friend",
    "could not sleep for doubt",
];
const DEEDS: &[&str] = &[
    "So it showed its quote to the registry, and the registry opened the gate.",
    "Every night it signed one receipt, and every morning the sum was right.",
    "A stranger came and asked for the secret, but the memory was encrypted.",
    "It counted every token twice and wrote the number into the journal.",
];
const ENDS: &[&str] = &[
    "From that day on nobody asked for promises, because there was proof.",
    "In the end the epoch closed, and everybody got what was earned.",
    "And if the key has not been lost, the secret is still safe.",
];
const STORY_ASKS: &[&str] = &[
    "Tell me a story.",
    "Write a short story.",
    "Can you tell me a story?",
    "Tell me another story.",
    "I would like to hear a story.",
];

impl Corpus {
    /// Reads the text form; unknown line heads are an error.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut blocks = Vec::new();
        let text: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
        for lines in text
            .split(|line| line.trim().is_empty())
            .filter(|lines| !lines.is_empty())
        {
            let mut block = Block {
                asks: Vec::new(),
                says: Vec::new(),
            };
            for line in lines {
                match line.split_once(':').map(|(head, rest)| (head, rest.trim())) {
                    Some(("about", thing)) => {
                        block
                            .asks
                            .extend(FRAMES.iter().map(|frame| frame.replace("{}", thing)));
                    }
                    Some(("ask", ask)) => {
                        block.asks.extend(std::iter::repeat_n(ask.to_owned(), 3));
                    }
                    Some(("say", say)) => block.says.push(say.to_owned()),
                    _ => return Err(format!("not a line of the corpus: {line}")),
                }
            }
            blocks.push(block);
        }
        Ok(Self { blocks })
    }

    /// Draws one exchange; one in twelve is a story.
    pub fn draw(&self, rng: &mut Rng) -> Exchange {
        if below(rng, 12) == 0 {
            return Exchange {
                ask: vary(pick(rng, STORY_ASKS), rng),
                say: story(rng),
            };
        }
        let block = &self.blocks[below(rng, self.blocks.len())];
        let ask = &block.asks[below(rng, block.asks.len())];
        let say = block.says[below(rng, block.says.len())].clone();
        Exchange {
            ask: vary(ask, rng),
            say,
        }
    }
}

fn story(rng: &mut Rng) -> String {
    let (hero, place) = (pick(rng, HEROES), pick(rng, PLACES));
    let (wish, deed, end) = (pick(rng, WISHES), pick(rng, DEEDS), pick(rng, ENDS));
    format!("Once there was {hero} {place} that {wish}. {deed} {end}")
}

/// People write without capitals and without the mark at the end.
fn vary(ask: &str, rng: &mut Rng) -> String {
    let mut text = match below(rng, 4) {
        0 => ask.to_lowercase(),
        _ => ask.to_owned(),
    };
    if below(rng, 4) == 0 {
        text = text.trim_end_matches(['.', '?', '!']).to_owned();
    }
    text
}

fn pick<'a>(rng: &mut Rng, of: &[&'a str]) -> &'a str {
    of[below(rng, of.len())]
}

/// A number below `limit`.
pub fn below(rng: &mut Rng, limit: usize) -> usize {
    (rng.next_u64() % limit as u64) as usize
}
