// The script that FiftyOne's page loads: makes the panels' components known.

import { CurationPanel } from "./curation";
import { styleGrid } from "./grid";
import { register } from "./host";
import { PairPanel } from "./pair";

styleGrid();
register("PairLensPair", PairPanel);
register("PairLensCuration", CurationPanel);
