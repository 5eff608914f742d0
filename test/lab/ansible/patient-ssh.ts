/** Several servers at once take their time: none is to go back on its access change for that. */
export const PATIENT_SSH = {
  port: 2849,
  identityFile: "./id",
  configFile: "none",
  rollbackSeconds: 300,
};
