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

// More rows: a copy of the last, empty, with the next number.
for (const list of document.querySelectorAll("fieldset.adding")) {
  const zh = document.documentElement.lang.startsWith("zh");
  const button = document.createElement("button");
  button.type = "button";
  button.className = "second";
  button.textContent = zh ? "增加一行" : "Add a row";
  button.addEventListener("click", () => {
    const rows = list.querySelectorAll(":scope > .row");
    const last = rows[rows.length - 1];
    if (!last) return;
    const next = last.cloneNode(true);
    const old = rows.length - 1;
    const base = list.id.replace(/^f-/, "");
    next.querySelector(".row-heading strong").textContent = String(rows.length + 1);
    for (const element of next.querySelectorAll("[id],[name],[for],[aria-describedby]")) {
      for (const attribute of ["id", "for", "aria-describedby"]) {
        const value = element.getAttribute(attribute);
        if (value) element.setAttribute(attribute, value.replaceAll(base + "-" + old + "-", base + "-" + rows.length + "-"));
      }
      const name = element.getAttribute("name");
      if (name) {
        const at = name.lastIndexOf("[" + old + "]", depth(list, name));
        if (at >= 0) element.setAttribute("name", name.slice(0, at) + "[" + rows.length + "]" + name.slice(at + String(old).length + 2));
      }
      if (element.matches("input[type=text],input[type=date],input[type=number],textarea")) element.value = "";
      if (element.matches("input[type=checkbox],input[type=radio]")) element.checked = false;
    }
    for (const error of next.querySelectorAll(".error")) error.remove();
    next.querySelectorAll("fieldset.adding > button").forEach((inner) => inner.remove());
    button.before(next);
    next.querySelector("input,textarea,select")?.focus();
  });
  list.append(button);
}

// Where in a name the number of this list's row stands: after as many brackets as lists are around it.
function depth(list, name) {
  let nesting = 0;
  for (let parent = list.parentElement; parent; parent = parent.parentElement) if (parent.matches("fieldset.adding")) nesting += 1;
  let at = -1;
  for (let n = 0; n <= nesting; n += 1) at = name.indexOf("[", at + 1);
  return at < 0 ? name.length : at;
}

// A file's hash is computed here; the file itself goes nowhere.
for (const field of document.querySelectorAll("input[name$='.sha256']")) {
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
