// The script that FiftyOne's page loads: makes the panels' components known.

import { CurationPanel } from "./curation";
import { register } from "./host";
import { PairPanel } from "./pair";

register("PairLensPair", PairPanel);
register("PairLensCuration", CurationPanel);
