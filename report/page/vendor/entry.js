export {areaY, axisX, axisY, cell, dot, gridX, gridY, lineY, plot, ruleX, ruleY, text} from "@observablehq/plot";
