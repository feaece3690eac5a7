// What every page does by itself. Each part is its own module and works without the others.
import { startBlocks } from "./blocks.js";
import { startChoices } from "./choices.js";
import { startDates } from "./dates.js";
import { startDrafts } from "./drafts.js";
import { startIdleWarning } from "./idle.js";
import { startFragments } from "./fragments.js";
import { startKeys } from "./keys.js";
import { startRows } from "./rows.js";
import { startForms } from "./send.js";

startDates(document);
startDrafts(document);
startRows(document);
startChoices(document);
startBlocks(document);
startForms(document);
startFragments();
startKeys();
startIdleWarning();
