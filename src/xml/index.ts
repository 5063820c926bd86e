export { children, text, XmlError, type XmlNode, type XmlValue, XSI_TYPE } from './node.ts'
export { parseLenientXml, parseXml, parseXmlInPieces } from './parse.ts'
export { element, escapeText, renderXml, type XmlChild, type XmlTree } from './render.ts'
