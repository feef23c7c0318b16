// All tests of the page, one after the other: they use the same account of one stage.
import "./way.mjs";
import "./keplr.mjs";
import "./trouble.mjs";
import "./look.mjs";
