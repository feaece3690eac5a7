// What every page does by itself. Each part is its own module and works without the others.
import { startBlocks } from "./blocks.js";
import { startChoices } from "./choices.js";
import { startClocks } from "./clocks.js";
import { startDates } from "./dates.js";
import { startDrafts } from "./drafts.js";
import { startIdleWarning } from "./idle.js";
import { startFragments } from "./fragments.js";
import { startKeptBar } from "./kept_bar.js";
import { startKeptList } from "./kept_list.js";
import { startKeys } from "./keys.js";
import { blankPage, keepPage, restorePage, startWorker } from "./offline.js";
import { startPrint } from "./print.js";
import { startQueue } from "./queue.js";
import { startRows } from "./rows.js";
import { startForms } from "./send.js";
import { keepServerTime } from "./server_time.js";
import { startSignOut } from "./sign_out.js";

const page = blankPage();
if ("offlinePage" in document.body.dataset) {
  await keepServerTime();
  await restorePage();
}
startDates(document);
startDrafts(document);
startRows(document);
startChoices(document);
startBlocks(document);
startClocks(document);
startForms(document);
startSignOut(document);
startPrint(document);
startFragments();
startKeys();
startIdleWarning();
startKeptBar();
startKeptList();
startQueue();
startWorker();
keepPage(page);
keepServerTime();

// A form that came back refused, in place of the one that was sent.
document.addEventListener("parts:added", ({ detail }) => {
  startDates(detail);
  startDrafts(detail);
  startRows(detail);
  startForms(detail);
});
