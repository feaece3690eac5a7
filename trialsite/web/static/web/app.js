// What every page does by itself. Each part is its own module and works without the others.
import { startDates } from "./dates.js";
import { startDrafts } from "./drafts.js";
import { startIdleWarning } from "./idle.js";
import { startFragments } from "./fragments.js";
import { startKeys } from "./keys.js";
import { startForms } from "./send.js";

startDates(document);
startDrafts(document);
startForms(document);
startFragments();
startKeys();
startIdleWarning();
