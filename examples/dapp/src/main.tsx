import { render } from "preact";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/components.css";
import "./styles/layout.css";
import "./styles/chat.css";
import { App } from "./app";
import { loadSettings } from "./state/settings";
import { start } from "./state/start";

const root = document.getElementById("app");
if (root) {
  await loadSettings();
  void start();
  render(<App />, root);
}
