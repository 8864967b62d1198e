// Makes pages better where there are scripts; every page works without.
"use strict";

// What changes while it is looked at: server-sent events with the page's parts.
const live = document.querySelector("[data-live]");
if (live) {
  const state = document.getElementById("live-state");
  const source = new EventSource(live.dataset.live);
  const zh = document.documentElement.lang.startsWith("zh");
  source.onmessage = (event) => {
    live.innerHTML = event.data;
    state.textContent = (zh ? "更新于 " : "Updated at ") + new Date().toLocaleTimeString();
  };
  source.addEventListener("over", () => source.close());
  source.onerror = () => { state.textContent = zh ? "连接中断，正在重连" : "Connection lost; trying again"; };
}

// Errors come first: whoever listens or uses the keyboard starts there.
const problems = document.getElementById("problems");
if (problems) problems.focus();

// More rows: the page has an empty one to copy, with a word in the place of its number.
function rows(list) {
  const blank = list.querySelector(":scope > template");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = document.documentElement.lang.startsWith("zh") ? "增加一行" : "Add a row";
  button.addEventListener("click", () => {
    const number = list.querySelectorAll(":scope > .row").length;
    const place = document.createElement("div");
    place.innerHTML = blank.innerHTML.replaceAll(blank.dataset.token, String(number));
    const row = place.firstElementChild;
    row.querySelector(".row-heading strong").textContent = String(number + 1);
    button.before(row);
    row.querySelectorAll("fieldset.adding").forEach(rows);
    pickers(row);
    row.querySelector("input,textarea,select")?.focus();
  });
  list.append(button);
}
document.querySelectorAll("fieldset.adding").forEach(rows);

// A file's hash is computed here; the file itself goes nowhere.
function pickers(part) {
  for (const field of part.querySelectorAll("input[name$='.sha256']")) {
    const name = document.getElementsByName(field.name.replace(/sha256$/, "name"))[0];
    if (!name || !window.crypto?.subtle) continue;
    const zh = document.documentElement.lang.startsWith("zh");
    const label = document.createElement("label");
    label.textContent = zh ? "选取文件（只在本机计算）" : "Choose the file (computed on this device)";
    const picker = document.createElement("input");
    picker.type = "file";
    label.append(picker);
    picker.addEventListener("change", async () => {
      const file = picker.files[0];
      if (!file) return;
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", await file.arrayBuffer()));
      field.value = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      name.value = file.name;
    });
    field.parentElement.append(label);
  }
}
pickers(document);
